"use strict";
// Without this script there are no buttons, and the page says the same.
const { copy, copied } = document.body.dataset;
const write = async (text) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
};
for (const equation of document.querySelectorAll(".equation")) {
  const math = equation.querySelector("math");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = copy;
  button.setAttribute("aria-label", `${copy}: ${math.getAttribute("alttext")}`);
  button.addEventListener("click", async () => {
    await write(math.querySelector("annotation").textContent);
    button.textContent = copied;
    said.textContent = copied;
    setTimeout(() => {
      button.textContent = copy;
      said.textContent = "";
    }, 1500);
  });
  equation.append(button);
}
const said = document.createElement("p");
said.className = "said";
said.setAttribute("role", "status");
document.body.append(said);
