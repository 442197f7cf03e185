// A countdown that changes the page by itself, a link that goes nowhere, a button that only pretends, and one that answers late.
setInterval(() => {
  const clock = document.getElementById("clock");
  clock.textContent = Number(clock.textContent) - 1;
}, 400);
document.getElementById("nothing").addEventListener("click", (event) => event.preventDefault());
document.getElementById("ripple").onclick = (event) => event.target.classList.toggle("pressed");
document.getElementById("slow").onclick = () => setTimeout(() => document.getElementById("late").append("done "), 700);
