// The page: what is typed is asked about, and the newest answer is shown.

import * as answers from "./answers.js";
import { Choices } from "./choices.js";
import { Editor, units } from "./editor.js";
import * as link from "./link.js";

const QUESTIONS = ["derive", "check", "flow"];
/** Milliseconds without a key before what stands there is asked about. */
const PAUSE = 250;

const find = (selector, within = document) => within.querySelector(selector);
const panels = Object.fromEntries(QUESTIONS.map((question) => [question, find(`#${question}`)]));
const tabs = QUESTIONS.map((question) => find(`#tab-${question}`));
const network = new Editor(find("#network"), changed);
const claim = new Editor(find("#claim"), changed);

let choices;
/** With what the page begins: the file of the command line, or an example. */
let first;
/** What the text was before the person changed it, if it has a name. */
let origin;
let known = [];
/** The question that is waited for; a newer one ends it, and with it the process that answers it. */
let asking = new AbortController();
let pause;

begin();

async function begin() {
  const start = await (await fetch("start")).json();
  first = start.network;
  choices = Object.fromEntries(
    QUESTIONS.map((question) => {
      const form = find(".choices", panels[question]);
      form.id = `choices-${question}`;
      return [question, new Choices(form, start.choices[question], changed)];
    }),
  );
  find(".options", panels.derive).open = matchMedia("(min-width: 56.25em)").matches;
  examples(start.examples);
  answers.copying(find("#link"), () => `${location.origin}/#${link.written(shown(true))}`);
  for (const tab of tabs) tab.addEventListener("click", () => turnTo(tab.id.slice(4)));
  find("[role=tablist]").addEventListener("keydown", turn);
  addEventListener("hashchange", restore);
  restore();
  if (start.refused !== null) {
    say("The file can't be read", "wrong");
    find(".messages", panels[question()]).replaceChildren(answers.refusal(start.refused));
  }
}

function examples(list) {
  const menu = find("#examples");
  known = list;
  menu.append(new Option("Examples", "", true, true));
  for (const { name, title } of list) menu.append(new Option(`${name.replaceAll("_", " ")}: ${title}`, name));
  menu.addEventListener("change", () => {
    const chosen = list.find(({ name }) => name === menu.value);
    if (chosen === undefined) return;
    network.text = chosen.text;
    origin = chosen;
    claim.text = "";
    menu.value = "";
    changed();
  });
}

/** Which tab is open. */
function question() {
  return QUESTIONS.find((question) => !panels[question].hidden);
}

function turnTo(chosen) {
  for (const [at, name] of QUESTIONS.entries()) {
    panels[name].hidden = name !== chosen;
    tabs[at].setAttribute("aria-selected", String(name === chosen));
    tabs[at].tabIndex = name === chosen ? 0 : -1;
  }
  changed();
}

/** Arrows turn from tab to tab. */
function turn(event) {
  const steps = { ArrowRight: 1, ArrowLeft: -1 };
  const at = tabs.indexOf(document.activeElement);
  if (!(event.key in steps) || at < 0) return;
  const next = (at + steps[event.key] + tabs.length) % tabs.length;
  tabs[next].focus();
  turnTo(QUESTIONS[next]);
  event.preventDefault();
}

/** What the page shows. Its own address leaves out the text it began with, so that a file is read again. */
function shown(whole) {
  const begun = network.text === first.text;
  return {
    tab: question() === QUESTIONS[0] ? undefined : question(),
    network: begun && !whole ? undefined : network.text,
    claim: claim.text,
    options: Object.fromEntries(QUESTIONS.map((question) => [question, choices[question].changes])),
  };
}

/** Shows what the address names. */
function restore() {
  const named = link.read(location.hash);
  network.text = named.network ?? first.text;
  origin = [first, ...known].find(({ text }) => text === network.text);
  claim.text = named.claim;
  for (const question of QUESTIONS) choices[question].restore(named.options[question] ?? {});
  turnTo(QUESTIONS.includes(named.tab) ? named.tab : QUESTIONS[0]);
}

function changed() {
  const same = network.text === origin?.text;
  find("#name").textContent = origin === undefined ? "" : same ? origin.name : `${origin.name} (changed)`;
  const fragment = link.written(shown(false));
  history.replaceState(null, "", fragment === "" ? location.pathname : `#${fragment}`);
  // What was said is not said of this text.
  say("");
  clearTimeout(pause);
  asking.abort();
  pause = setTimeout(ask, PAUSE);
}

/** What is so now; `state` is `right`, `wrong` or nothing. */
function say(words, state = "") {
  const status = find("#status");
  status.textContent = words;
  status.className = state;
}

async function ask() {
  const kind = question();
  const asked = { network: network.text, options: choices[kind].options };
  if (kind === "check") asked.claim = claim.text;
  asking = new AbortController();
  const { signal } = asking;
  const waiting = setTimeout(() => say("Working …"), 300);
  try {
    const response = await fetch(kind, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(asked),
      signal,
    });
    const answer = await response.json();
    if (!signal.aborted) show(kind, asked, answer, response.status);
  } catch (error) {
    if (!signal.aborted) show(kind, asked, { refused: "no answer from chainrule: is it still running?" }, 0);
  } finally {
    clearTimeout(waiting);
  }
}

function show(kind, asked, answer, status) {
  const panel = panels[kind];
  const result = find(".result", panel);
  const messages = find(".messages", panel);
  const errors = answer.errors ?? [];
  const warnings = [...(answer.warnings ?? []), ...(answer.missing ?? [])];
  const ofClaim = answer.claim_errors ?? [];
  network.mark(answers.marks([...errors, ...warnings], asked.network));
  messages.replaceChildren(
    ...[...errors, ...warnings].map((message) =>
      answers.message(message, asked.network, (from, to) => network.show(from, to)),
    ),
    ...ofClaim.map((message) => answers.message(message, asked.claim, (from, to) => claim.show(from, to))),
  );
  if (answer.refused !== undefined) {
    const advice =
      status === 504
        ? "Ask for less: results without steps, one derivative at a time, numbers for fewer sizes. The command line has no limit of time."
        : undefined;
    messages.append(answers.refusal(answer.refused, advice));
  }
  // What no longer belongs to the text stays to be seen, but not to be taken for an answer.
  const failed = errors.length > 0 || answer.refused !== undefined || ofClaim.length > 0;
  result.inert = failed;
  find(".copies", panel)?.toggleAttribute("inert", failed);
  panel.classList.toggle("stale", failed);
  if (failed) {
    const wrong = [...errors, ...ofClaim];
    if (kind === "check") claim.mark(answers.marks(ofClaim, asked.claim));
    const count = wrong.length === 1 ? "1 mistake" : `${wrong.length} mistakes`;
    say(wrong.length === 0 ? "No answer" : count, "wrong");
    return;
  }
  SHOW[kind](result, answer, asked, panel);
}

const SHOW = {
  derive(result, answer, asked, panel) {
    answers.formulas(result, answer);
    answers.copies(find(".copies", panel), answer);
    if (asked.network.trim() === "") say("Nothing to derive yet");
    else if (asked.options["no-confirm"]) say("Derived, not confirmed");
    else say("Derived and confirmed", "right");
  },
  check(result, answer, asked) {
    result.innerHTML = answer.html;
    const unit = units(asked.claim);
    const wrong = answer.marks.filter(({ holds }) => !holds);
    claim.mark(wrong.map(({ start, end }) => ({ start: unit(start), end: unit(end), kind: "error" })));
    if (asked.claim.trim() === "") say("Nothing to judge yet");
    else if (answer.marks.length === 0) say("No line is a claim");
    else if (wrong.length === 0) say("Every line holds", "right");
    else say(`${wrong.length} of ${answer.marks.length} lines not shown to hold`, "wrong");
  },
  flow(result, answer) {
    answers.flow(result, answer);
    say("Done");
  },
};
