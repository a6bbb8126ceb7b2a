// Answers of the program as parts of the page. What it sends as HTML is its own writers', which escape what a person
// typed; all else is put in as text.

import { units } from "./editor.js";

function element(name, text, ...classes) {
  const made = document.createElement(name);
  made.textContent = text;
  made.classList.add(...classes);
  return made;
}

/** Words in which what stands between backticks is code. */
function words(into, text) {
  const parts = text.split(/`([^`]+)`/);
  into.append(...parts.map((part, at) => (at % 2 === 0 ? part : element("code", part))));
  return into;
}

/** The marks of messages in a text. */
export function marks(messages, text) {
  const unit = units(text);
  return messages
    .flatMap(({ severity, labels }) =>
      labels.map(({ start, end }, number) => ({
        start: unit(start),
        end: unit(end),
        kind: number === 0 ? severity : "context",
      })),
    )
    .filter(({ start }) => start <= text.length);
}

/** What is wrong, where, why, and what to write instead; `show` leads to the place. */
export function message({ severity, code, message, labels, notes, help }, text, show) {
  const unit = units(text);
  const made = element("article", "", "message", severity);
  made.append(words(element("h2", `${severity}: `), message));
  for (const { line, column, start, end, text: label } of labels) {
    const [from, to] = [unit(start), unit(end)];
    const first = text.lastIndexOf("\n", from - 1) + 1;
    const behind = text.indexOf("\n", from);
    const last = behind < 0 ? text.length : behind;
    const place = element("p", "", "place");
    if (from < text.length || first < text.length) {
      const lead = element("button", `line ${line}, column ${column}`);
      lead.type = "button";
      lead.addEventListener("click", () => show(from, to));
      place.append(lead);
    }
    place.append(words(element("span", ""), label));
    made.append(place);
    if (first >= text.length) continue;
    const excerpt = element("pre", "");
    const wrong = text.slice(from, Math.min(to, last));
    const mark = element("mark", wrong === "" ? "\u00a0" : wrong);
    excerpt.append(text.slice(first, from), mark, text.slice(from + wrong.length, last));
    made.append(excerpt);
  }
  for (const note of notes) made.append(words(element("p", ""), note));
  for (const line of help) {
    const paragraph = element("p", "");
    paragraph.append(element("b", "Help: "));
    made.append(words(paragraph, line));
  }
  made.append(element("p", code, "code"));
  return made;
}

/** Why there is no answer, in the program's words. */
export function refusal(message, advice) {
  const made = element("article", "", "message", "error");
  const [first, ...rest] = message.replace(/^error: /, "").split("\n");
  made.append(words(element("h2", ""), first));
  if (rest.length > 0) made.append(element("pre", rest.join("\n")));
  if (advice) made.append(element("p", advice));
  return made;
}

/** Formulas; what was unfolded before stays unfolded. */
export function formulas(into, answer) {
  const open = [...into.querySelectorAll("details")].map((details) => details.open);
  into.innerHTML = answer.html;
  into.querySelectorAll("details").forEach((details, at) => {
    details.open = open[at] ?? false;
  });
  if (answer.picture !== null) {
    into.prepend(drawn(answer.picture, "The network; its formulas stand below"));
  }
}

/** A picture as a figure. */
function drawn(picture, says) {
  const figure = element("figure", "");
  const image = document.createElement("img");
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(picture)}`;
  image.alt = says;
  figure.append(image);
  return figure;
}

/** Buttons that copy each text under its name. */
export function copies(into, answer) {
  into.hidden = false;
  into.replaceChildren(
    element("span", "Copy as"),
    ...answer.copies.map(({ name, text }) => copying(element("button", name), () => text)),
  );
}

/** Has a button copy what `text` gives, and say so. */
export function copying(button, text) {
  const name = button.textContent;
  button.type = "button";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => {
      button.textContent = name;
    }, 1500);
  });
  return button;
}

/** Statements on the flow of gradients, its picture and what is said of it. */
export function flow(into, { html, picture, words: said }) {
  into.innerHTML = html;
  if (picture !== null) {
    into.append(
      drawn(picture, "Norm of the gradient against the steps back; the table below has its values"),
    );
  }
  if (said.trim() !== "") into.append(element("pre", said.trim(), "words"));
}
