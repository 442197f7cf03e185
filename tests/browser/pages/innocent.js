// The shop's own behaviour for innocent.html.
const by = (id) => document.getElementById(id);
let amount = 1;
by("plus").onclick = () => (by("amount").textContent = ++amount);
by("minus").onclick = () => {
  if (amount > 1) by("amount").textContent = --amount;
};
by("month").onclick = () => (by("day").textContent = Number(by("day").textContent) + 1);
by("next").onclick = () => (by("track").textContent = Number(by("track").textContent) + 1);
by("busy").onclick = () => by("list").append("another ");
by("theme").onclick = () => document.documentElement.toggleAttribute("data-dark");
by("photo").onclick = () => by("photo").toggleAttribute("data-open");
by("copy").onclick = () => navigator.clipboard?.writeText("code").catch(() => {});
by("print").onclick = () => {};
for (const id of ["tab", "mail", "phone", "download"]) by(id).addEventListener("click", (event) => event.preventDefault());
