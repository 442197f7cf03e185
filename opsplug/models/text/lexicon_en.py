"""English words that praise or complain, in the language of shops and products, by strength. Written for opsplug.

Only base forms: `opsplug.models.text.lexicon` also looks a word up without its ending (-s, -ed, -ing, -ly, -er, -est).
"""

from __future__ import annotations

WORDS: dict[float, str] = {
    3.0: """
    amazing astonishing awesome best bravo breathtaking brilliance brilliant dazzled delight delighted delightful
    ecstatic excellent exceptional exquisite extraordinary fabulous fantastic flawless flawlessly gorgeous greatness
    heavenly impeccable incredible incredibly joyous kudos love loved lovely loves magnificent marvel marvellous
    marvelous masterful masterpiece outstanding perfect perfection perfectly phenomenal phenomenally spectacular
    splendid stellar stunning sublime super superb superbly superior terrific thrilled unbeatable unmatched wonderful
    wonderfully wonders wow yay
    """,
    2.0: """
    ability accurate admirable admire adore advantage advantages affection affordable amusing appealing appreciate
    appreciated appreciative attractive authentic bargain beautiful beautifully beauty believable beloved beneficial
    benefit benefits better bonus breeze captivating charm charming cheerful clarity classy clean colorful comfort
    comfortable comfortably comfy compassion compelling compliment convenience convenient convincing cool creative
    crisp daring dazzling definitely delicious dependable durability durable easier easiest easily easy effective
    effectively efficient efficiently effortless effortlessly elegant endearing energetic engaging engrossing enjoy
    enjoyable enjoyed entertaining enthused enthusiastic ergonomic excel excels excited exhilarating fascinating
    faster fastest favorite favourite flawless flexibility flexible fond fresh friendly fun funny gem generous genius
    gift glad glorious good goodness grace grateful great greatest greatly gripping handsome handy happier happily
    happiness happy heart heartwarming help helped helpful helping helps hilarious honest humorous ideal impress
    impressed impressive improve improved improvement improvements inexpensive ingenious innovative inspirational
    inspire inspired inspiring intuitive inventive irresistible joy keeper laugh laughing laughs likable lively lucky
    luxurious magic masterful meaningful memorable mesmerizing neat nice nicely nicest nifty outperform painless
    patient peaceful pleasant pleasantly pleased pleasing pleasurable pleasure plus poignant polished polite powerful
    praise premium pride promising prompt promptly proud quick quicker quickly quiet recommend recommendation
    recommended refreshing reliability reliable reliably remarkable remarkably respect respectful responsive rewarding
    riveting robust satisfaction satisfied satisfies satisfy satisfying scrumptious sharp sincere skilled skillful
    sleek slick smart smooth smoothly snappy solid solidly sophisticated sparkling stable strength strengths sturdy
    stylish succeed success successful successfully superfast sweet talent talented tasty tender thank thankful thanks
    thoughtful thrill tidy touching treasure treat trendy triumph trusted trustworthy unforgettable unique valuable
    value versatile versatility vibrant vivid warm warmth well-thought win winner winning wise witty worth worthwhile
    worthy yummy
    """,
    1.0: """
    able addictive adequate adjustable advanced always ample anyone appropriate big bigger both breezy bright broad
    capable capacity care cares caring certainly chance clearer clearly comes compact compatible competent confident
    consistent control controls cool correct correctly crave credible credit decent detailed devoted enjoyed enough
    everyone everything exceed exceeded excited exciting expandable extra fair fairly faithful fan favor feature
    features fit fits flexible focused fulfilling fully genuine glossy grand honest hopeful imaginative important
    included includes instantly intelligent interest interested intriguing large largest legendary lightweight liked
    likes long loyal many mature modern more most natural nifty ok okay opportunity option options own plenty plus
    poetic popular portable positively practical precise prefer professional promise proper properly quality quiet
    rave realistic reasonable reasonably rechargeable relaxing replaceable romantic rugged safe safely saves seamless
    seamlessly secure sexy share simplicity slim spacious speedy steady storage straightforward strong stronger subtle
    suitable supports surprise surprised surprises surprising surprisingly thorough timely upgrade usable useful
    variety welcome well wholesome wide yes
    """,
    -1.0: """
    alone artificial awkward basic beware bland blurry boring bother bulky bumpy cheesy cliched clumsy clunky cold
    common complex complicated concern concerned confuse confused confusing contrived costly couldn cramped crowded
    cumbersome dated delayed delays difficult difficulty dim discontinue discontinued doubt drain drained drains
    drawback dull excessive expected expensive faint fiddly finicky flimsy forgettable gimmick grainy hesitant hollow
    however if incomplete inconsistent inconvenience inconvenient issue lack lacked lacking lacks lag laggy least
    leftover lifeless limitation limited limiting loose loses loss lost maybe mean mediocre meh mere minus missed
    missing mistake mixed monotonous muddled muffled narrow negative neglect noisy nor nuisance obsolete outdated
    overdue overlong overly overpriced pity pointless predictable pretentious pricey problematic refused reluctant
    repetitive rough rushed scratches shallow shortcoming should silly slippery slow slower slowly sluggish soggy
    stain stale stiff stop stopped stops struggle supposed suspicious swap tedious tension tepid thinly tinny tired
    tiresome tricky trite unaware uncertain unclear uncomfortable unfinished unimpressed uninspired unless unnecessary
    unsure vague waited waiting warn warning weird wobbly worn worried worry would
    """,
    -2.0: """
    abandon absurd ache aggravating alas amateurish angry annoy annoyance annoyed annoying annoyingly anxious apology
    argue arrogant ashamed avoid bad badly banal bent bitter bleak block blocked bogus bore bored bother bothered
    bothersome break breaks broke broken bug buggy bugs burned burnt careless catastrophe chaotic cheaply cheat
    cheated chipped clog clogged collapse complain complained complaint complaints corrupt corrupted counterfeit crack
    cracked cracks crash crashed crashes crashing crude damage damaged damages damn dead decline defect defective
    deficient depressing desperate deteriorate die dies disable disabled disadvantage disagree disappear disappoint
    disappointed disappointing disappointment disaster discouraged disjointed dislike disliked dissatisfied downside
    dreadful dreary dry dud dumb embarrassing embarrassment errors exaggerated exhausting fail failed failing fails
    failure fake false fault faults faulty filthy flaw flawed flaws fool foolish fraud freeze freezes froze frozen
    frustrate frustrated frustrating frustration garbled glitch glitches gross guilty harsh hassle headache hell
    helpless ignorant ignore ignored impossible imprecise inability inaccurate inadequate inappropriate incapable
    incoherent incompatible incompetent incorrect incorrectly ineffective inefficient inexcusable inferior
    insufficient insult intermittent irritate irritated irritating jammed jams jerky junky lag lame lawsuit lazy leak
    leaked leaking leaks lemon lied lousy ludicrous mad malfunction malfunctioned meaningless mess messed messy
    mindless miserable mishandle mislead misleading moldy mouldy nasty never nightmare nobody nonsense nothing
    obnoxious offensive overheat overheated overheats pain painful pathetic peeling plodding poor poorer poorly
    pretentious problem problems rattle rattles refuse refused regret regretted reject rejected ridiculous rip rip-off
    ripoff ripped rotten rude ruin ruined sad sadly scam shame shattered shocking shoddy sick simplistic skeptical
    sloppy sorry spoil spoiled squander stinks stolen stuck stupid stupidity suck sucked sucks suffer suffers terrible
    terribly threaten tore torn trash trouble troubles troublesome ugly unable unacceptable unavailable unbearable
    unfair unfocused unfortunate unfortunately unfriendly unhappy unhelpful unpleasant unprofessional unreadable
    unreliable unresponsive unsatisfied unstable unsuitable untrue unusable unwanted upset useless vulgar warped
    wasted weak weaker weakness weaknesses worse wrong wrongly
    """,
    -3.0: """
    abomination abysmal appalling atrocious awful awfully crap crappy despicable dire disgrace disgraceful disgust
    disgusted disgusting dreck excrement furious garbage ghastly hate hated hates horrendous horrible horribly horrid
    horrific infuriating insulting junk laughable livid nauseating outrage outraged outrageous pitiful rubbish scammed
    shit terrible unforgivable unwatchable vile waste wasted wasting worst worthless wretched yuck
    """,
}

# Two or three words that together say more, or other, than each alone.
PHRASES: dict[float, str] = {
    3.0: """
    top notch|topnotch|highly recommend|highly recommended|second to none|must have|a must|blown away
    works like a charm|works great|works perfectly|works flawlessly|works wonderfully|could not be happier
    never looked back|five stars|could n't be happier|well worth|ca n't go wrong|cannot go wrong|ca n't beat
    hard to beat|can't beat|can't go wrong|no complaints|no problems|no problem|no issues|no trouble|never failed
    no regrets|without a problem|no complaint|absolutely love|love it|love this|in love|look no further|every penny
    best buy|nothing but praise
    """,
    2.0: """
    trouble free|thank you|hassle free|feature rich|lightning fast|well thought|well made|well built|well designed
    well worth|worth it|worth the money|worth every|works well|work well|work great|easy to use|user friendly
    high quality|good value|great value|good price|on time|ahead of time|in a snap|at ease|pleasantly surprised
    so far so good|as advertised|as expected|as described|long battery life|long lasting|stands out|rock solid
    state of the art|crystal clear|does the job|does the trick|gets the job done|happy with|look forward
    looking forward|would buy again|buy again|plug and play|only complaint|only problem|only drawback|only downside
    built like a tank|do n't hesitate|don't hesitate|thumbs up|not bad|not disappointed|not a problem|ease of use
    """,
    -2.0: """
    so so|not worth|not good|not great|not recommend|not work|does n't work|did n't work|doesn't work|didn't work
    do n't work|stopped working|stop working|stops working|no longer works|quit working|not working|falls apart
    fell apart|fall apart|fell off|falls off|came off|wore out|gave up|give up|sent back|send back|sent it back
    took it back|return it|returned it|money back|a refund|customer service|tech support|technical support|too small
    too big|too large|too heavy|too expensive|too slow|too loud|too hard|too short|too long|too thin|too many|too much
    too low|too tight|too bad|at best|at fault|stay away|steer clear|let down|let me down|run away|could be better
    could have been|should have been|if only|no way|no good|no use|not enough|not impressed|not happy|not satisfied
    not pleased|not compatible|not clear|poor quality|low quality|bad quality|cheaply made|cheap plastic|feels cheap
    nothing special|not very|not as|less than|rip off|ripped off|buyer beware|think twice|look elsewhere|wait for
    keep looking|would not|will not|will never|was supposed to|out of order|dead on arrival|broke after|died after
    not recognize|never works|never worked
    """,
    -3.0: """
    waste of money|waste of time|waste your money|waste your time|do n't buy|don't buy|do not buy|never buy
    never again|piece of junk|piece of crap|piece of garbage|complete waste|would not recommend|wo n't recommend
    can not recommend|do not recommend|don't recommend|do n't recommend|not worth it|stay far away|worst ever
    zero stars|never purchase
    """,
}

NEGATIONS = frozenset(
    """not no never none nobody nothing neither nor nowhere without cannot cant n't n hardly barely scarcely seldom
    rarely
    dont doesnt didnt isnt wasnt werent wont wouldnt couldnt shouldnt aint havent hasnt hadnt arent don't doesn't didn't
    isn't wasn't weren't won't wouldn't couldn't shouldn't ain't haven't hasn't hadn't aren't can't lack lacks lacking
    far fails failed unable""".split()
)
# What strengthens or weakens the next word of feeling.
DEGREES: dict[str, float] = {
    **dict.fromkeys(
        "very really so extremely absolutely totally completely incredibly highly super truly most".split(), 1.4
    ),
    **dict.fromkeys("especially particularly remarkably exceptionally amazingly too such quite all".split(), 1.2),
    **dict.fromkeys(
        "somewhat slightly fairly rather little bit kinda sort kind sometimes almost partly mildly".split(), 0.6
    ),
}
CONTRASTS = frozenset("but however although though yet except unfortunately despite".split())
EMOTICONS: dict[str, float] = {
    **dict.fromkeys(":) :-) :D :-D ;) ;-) <3 ^_^ =) 😀 😁 😂 😃 😄 😊 😍 🥰 😘 👍 ❤ 💕 🎉 🙏 👏 😎 🤗 ✨".split(), 2.0),
    **dict.fromkeys(":( :-( :'( :/ :-/ =( D: 😞 😠 😡 😢 😭 😤 👎 💔 🤬 🤮 😒 😩 😫 🙁 ☹ 😖".split(), -2.0),
}
