// Answers of the program as parts of the page. What it sends as HTML is its own writers', which escape what a person
// typed; all else is put in as text.

import { units } from "./editor.js";

function element(name, text, ...classes) {
  const made = document.createElement(name);
  made.textContent = text;
  made.classList.add(...classes);
  return made;
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
  const head = element("h2", `${severity}: ${message}`);
  made.append(head);
  for (const { line, column, start, end, text: words } of labels) {
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
    place.append(element("span", words));
    made.append(place);
    if (first >= text.length) continue;
    const excerpt = element("pre", "");
    const wrong = text.slice(from, Math.min(to, last));
    const mark = element("mark", wrong === "" ? "\u00a0" : wrong);
    excerpt.append(text.slice(first, from), mark, text.slice(from + wrong.length, last));
    made.append(excerpt);
  }
  for (const note of notes) made.append(element("p", note, "note"));
  for (const line of help) {
    const paragraph = element("p", "", "help");
    paragraph.append(element("b", "instead: "), line);
    made.append(paragraph);
  }
  made.append(element("code", code, "code"));
  return made;
}

/** Why there is no answer, in the program's words. */
export function refusal(words, advice) {
  const made = element("article", "", "message", "error");
  const [first, ...rest] = words.replace(/^error: /, "").split("\n");
  made.append(element("h2", first));
  if (rest.length > 0) made.append(element("pre", rest.join("\n")));
  if (advice) made.append(element("p", advice, "help"));
  return made;
}

/** Formulas; what was unfolded before stays unfolded. */
export function formulas(into, answer) {
  const open = [...into.querySelectorAll("details")].map((details) => details.open);
  into.innerHTML = answer.html;
  into.querySelectorAll("details").forEach((details, at) => {
    details.open = open[at] ?? false;
  });
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
export function flow(into, { html, picture, words }) {
  into.innerHTML = html;
  if (picture !== null) {
    const figure = element("figure", "");
    const image = document.createElement("img");
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(picture)}`;
    image.alt = "Norm of the gradient against the steps back; the table below has its values";
    figure.append(image);
    into.append(figure);
  }
  if (words.trim() !== "") into.append(element("pre", words.trim(), "words"));
}
