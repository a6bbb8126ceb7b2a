// The page of `serve` as a person uses it, in Chromium: node browser.js PROGRAM PAGES SCREENSHOTS [PART OF A TEST'S NAME]

"use strict";
const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { chromium } = require("playwright-core");

const [program, pages, pictures, wanted = ""] = process.argv.slice(2);
/** Milliseconds that an answer may take on a busy machine. */
const LATEST = 120_000;
const ATTENTION = fs.readFileSync("examples/attention_head.net", "utf8");
const CHAIN = fs.readFileSync("examples/general_layer.net", "utf8");

/** The program, serving; resolves with its address. */
function serve(...more) {
  const child = spawn(program, ["serve", "--port", "0", "--seconds", "120", ...more], { stdio: ["ignore", "pipe", "ignore"] });
  const address = new Promise((found, failed) => {
    child.stdout.once("data", (text) => found(String(text).trim()));
    child.once("exit", (code) => failed(new Error(`serve ended with ${code}`)));
  });
  return { child, address };
}

const tests = {
  async "what is typed is derived"({ page }) {
    await page.fill("#network", "");
    await status(page, "Nothing to derive yet");
    await page.locator("#network").pressSequentially("loss C = 1/2 (y - w x)^2\ngrad w", { delay: 15 });
    await status(page, "Derived and confirmed");
    const formula = page.locator("#derive .result math[alttext*='∂C/∂w = ']").first();
    assert.equal(await formula.getAttribute("alttext"), "∂C/∂w = (wx - y) x");
    assert.equal(await page.locator("#network").inputValue(), "loss C = 1/2 (y - w x)^2\ngrad w");
  },

  async "steps unfold and stay so"({ page }) {
    const steps = page.locator("#derive .result details").first();
    assert.equal(await steps.getAttribute("open"), null);
    await steps.locator("summary").click();
    await page.locator("#network").press("Control+End");
    await page.keyboard.type(", x");
    await status(page, "Derived and confirmed");
    assert.notEqual(await page.locator("#derive .result details").first().getAttribute("open"), null);
    await picture(page, "steps");
  },

  async "an error is underlined where it is"({ page }) {
    await page.fill("#network", "# é 𝜕\nr = rleu(w x)\nloss C = r^2");
    await status(page, "1 mistake");
    const mark = page.locator(".side .editor .marks .error").first();
    assert.equal(await mark.textContent(), "rleu");
    // The mark lies under the letters: as far from the left as four letters are.
    const [marked, area] = [await mark.boundingBox(), await page.locator("#network").boundingBox()];
    const letter = marked.width / 4;
    const left = marked.x - area.x - 4 * letter;
    assert.ok(left > 0 && left < 8, `the mark begins ${left} pixels off`);
    const message = page.locator("#derive .message");
    assert.match(await message.textContent(), /there is no function rleu/);
    assert.match(await message.textContent(), /line 2, column 5/);
    assert.match(await message.textContent(), /did you mean relu/);
    await message.getByRole("button").click();
    const chosen = await page.evaluate(() => {
      const { value, selectionStart, selectionEnd } = document.activeElement;
      return value.slice(selectionStart, selectionEnd);
    });
    assert.equal(chosen, "rleu");
    await picture(page, "error");
    // What is typed before a mark moves it along.
    await page.locator("#network").press("Control+Home");
    await page.keyboard.type("# ");
    assert.equal(await mark.textContent(), "rleu");
    await page.fill("#network", "loss C = (w x");
    await status(page, "1 mistake");
    assert.equal(await mark.textContent(), "(");
  },

  async "what does not belong to the text is no answer"({ page }) {
    await page.fill("#network", "loss C = (w x");
    await status(page, "1 mistake");
    const result = page.locator("#derive .result");
    assert.equal(await result.evaluate((result) => result.inert), true);
    await page.fill("#network", "loss C = (w x)^2\ngrad w");
    await status(page, "Derived and confirmed");
    assert.equal(await result.evaluate((result) => result.inert), false);
    assert.equal(await page.locator("#derive .message").count(), 0);
  },

  async "examples are there to start from"({ page }) {
    const names = await page.locator("#examples option").evaluateAll((all) => all.map(({ value }) => value));
    assert.ok(names.includes("transformer_block"), String(names));
    await page.selectOption("#examples", "attention_head");
    assert.equal(await page.locator("#network").inputValue(), ATTENTION);
    await status(page, "Derived and confirmed");
    assert.ok((await page.locator("#derive .result section").count()) >= 9);
    await picture(page, "attention");
  },

  async "options change what is shown"({ page }) {
    await page.selectOption("#examples", "any_activation");
    await status(page, "Derived and confirmed");
    await page.getByLabel("profile").first().selectOption("nielsen");
    await page.waitForFunction(() => document.querySelector("#derive .result").textContent.includes("δ"));
    await page.getByLabel("legend").first().uncheck();
    await page.waitForFunction(() => document.querySelector("#derive .result table:not(.chain)") === null);
    assert.match(page.url(), /derive\.profile=nielsen/);
    await picture(page, "profile");
  },

  async "formulas are copied in each format"({ page }) {
    for (const [name, has] of [
      ["LaTeX", "\\begin{align*}"],
      ["Markdown", "$$"],
      ["Typst", "frac("],
      ["text", "∂C/∂r"],
    ]) {
      await page.locator(".copies").getByRole("button", { name, exact: true }).click();
      await page.locator(".copies").getByRole("button", { name: "Copied" }).waitFor();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      assert.ok(copied.includes(has), `${name}: ${copied}`);
      await page.locator(".copies").getByRole("button", { name, exact: true }).waitFor();
    }
  },

  async "a derivation is judged line by line"({ page }) {
    await page.getByRole("tab", { name: "Check" }).click();
    await status(page, "Nothing to judge yet");
    await page.fill("#claim", "\\frac{dC}{dr^{(1)}} = r^{(1)} - y \\\\\n\\frac{dC}{dW^{(0)}} = (r^{(1)} - y)\\,1(z^{(1)} > 0)\\,y");
    await status(page, "1 of 2 lines not shown to hold");
    const heads = await page.locator("#check .result h3").allTextContents();
    assert.deepEqual(heads, ["Line 1: equal", "Line 2: differs"]);
    const wrong = await page.locator("#check .editor .marks .error").textContent();
    assert.equal(wrong, await page.locator("#check .result mark").textContent());
    const report = await page.locator("#check .result").textContent();
    assert.match(report, /first wrong line: 2/);
    assert.match(report, /claimed.*true/s);
    await picture(page, "check");
    await page.fill("#claim", "\\frac{dC}{dr^{(1)} = 1");
    await status(page, "1 mistake");
    assert.match(await page.locator("#check .message").textContent(), /braces do not match/);
    assert.equal(await page.locator("#check .editor .marks .error").textContent(), "{");
    await page.fill("#claim", "\\frac{dC}{dr^{(1)}} = r^{(1)} - y");
    await status(page, "Every line holds");
  },

  async "the flow of gradients has words and a picture"({ page, address }) {
    await open(page, address, new URLSearchParams({ tab: "flow", "flow.draws": "10", network: CHAIN }));
    await status(page, "Done");
    const image = page.locator("#flow figure img");
    await image.waitFor();
    assert.ok(await image.evaluate((image) => image.decode().then(() => image.naturalWidth > 100)));
    assert.match(await page.locator("#flow .words").textContent(), /vanishing in the mean/);
    await picture(page, "flow");
  },

  async "a link holds network, options and derivation"({ page, address, context }) {
    const network = "# a & b = c # é\nloss C = (w x)^2 % 3\ngrad w".replace(" % 3", "");
    await page.fill("#network", network);
    await page.getByLabel("detail").selectOption("full");
    await page.getByRole("tab", { name: "Check" }).click();
    await page.fill("#claim", "\\frac{dC}{dw} = 2 w x^2 % +");
    await status(page, "Every line holds");
    await page.getByRole("button", { name: "Copy link" }).click();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(new URL(link).origin, new URL(address).origin);
    const other = await context.newPage();
    await other.goto(link);
    await status(other, "Every line holds");
    assert.equal(await other.locator("#network").inputValue(), network);
    assert.equal(await other.locator("#claim").inputValue(), "\\frac{dC}{dw} = 2 w x^2 % +");
    await other.getByRole("tab", { name: "Formulas" }).click();
    assert.equal(await other.getByLabel("detail").inputValue(), "full");
    // Going back to what the page began with leaves nothing in the address.
    await other.goto(address);
    await status(other, "Derived and confirmed");
    assert.equal(new URL(other.url()).hash, "");
    await other.close();
  },

  async "a file is read again when the page is"({ context }) {
    const file = path.join(pictures, "mine.net");
    fs.writeFileSync(file, "loss C = w^2\ngrad w");
    const { child, address } = serve(file);
    try {
      const page = await context.newPage();
      await page.goto(await address);
      await status(page, "Derived and confirmed");
      fs.writeFileSync(file, "loss C = w^3\ngrad w");
      await page.reload();
      await status(page, "Derived and confirmed");
      assert.equal(await page.locator("#network").inputValue(), "loss C = w^3\ngrad w");
      assert.equal(await page.locator("#name").textContent(), file);
      page.broken = true;
      child.kill();
      await page.fill("#network", "loss C = w^4\ngrad w");
      await status(page, "No answer");
      assert.match(await page.locator("#derive .message").textContent(), /is it still running/);
      await page.close();
    } finally {
      child.kill();
    }
  },

  async "everything is reached by keyboard"({ page }) {
    await page.keyboard.press("Tab");
    const reached = [];
    for (let presses = 0; presses < 40; presses += 1) {
      const { name, seen } = await page.evaluate(() => {
        const focused = document.activeElement;
        if (focused === document.body) return { name: null };
        const { outlineStyle } = getComputedStyle(focused);
        const around = focused.closest(".editor");
        const seen = outlineStyle !== "none" || (around !== null && getComputedStyle(around).boxShadow !== "none");
        return { name: focused.id || focused.textContent, seen };
      });
      if (name === null) break;
      assert.ok(seen, `it is not to be seen that ${name} has the focus`);
      reached.push(name);
      await page.keyboard.press("Tab");
    }
    for (const name of ["examples", "link", "network", "tab-derive", "choices-derive-profile", "Steps", "LaTeX"]) {
      assert.ok(reached.includes(name), `${name} is not reached: ${reached}`);
    }
    await page.locator("#tab-derive").focus();
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.evaluate(() => document.activeElement.id), "tab-check");
    assert.ok(await page.locator("#check").isVisible());
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.id), "claim");
    await page.keyboard.type("\\frac{dC}{dr^{(1)}} = r^{(1)} - y");
    await status(page, "Every line holds");
    await page.locator("#tab-check").focus();
    await page.keyboard.press("ArrowLeft");
    await status(page, "Derived and confirmed");
    const steps = page.locator("#derive .result summary").first();
    await steps.focus();
    await page.keyboard.press("Enter");
    assert.ok(await page.locator("#derive .result details").first().evaluate((details) => details.open));
  },

  async "names, roles and contrast are as they should"({ page, dark }) {
    assert.equal(await page.getByRole("status").count(), 1);
    for (const name of ["Network", "Example", "detail", "form"]) {
      assert.equal(await page.getByLabel(name, { exact: true }).filter({ visible: true }).count() > 0, true, name);
    }
    await page.fill("#network", "loss C = (w x");
    await status(page, "1 mistake");
    const poor = await page.evaluate(poorContrast);
    assert.deepEqual(poor, [], `contrast in ${dark ? "dark" : "light"} colours`);
  },

  async "a narrow window does not scroll sideways"({ page }) {
    for (const width of [320, 375, 600]) {
      await page.setViewportSize({ width, height: 720 });
      for (const tab of ["Check", "Flow", "Formulas"]) {
        await page.getByRole("tab", { name: tab }).click();
        await status(page, /Nothing to judge|Done|confirmed|mistake|No answer/);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(over <= 0, `${tab} at ${width}: ${over} pixels too wide`);
      }
    }
    await page.setViewportSize({ width: 375, height: 720 });
    await page.selectOption("#examples", "lstm");
    await status(page, "Derived and confirmed");
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${over} pixels too wide`);
    await picture(page, "narrow");
  },
};

/** Texts whose contrast with what is behind them is below 4.5. */
function poorContrast() {
  const channel = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parse = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, opacity] = canvas.getImageData(0, 0, 1, 1).data;
    return { rgb: [red, green, blue], opacity: opacity / 255 };
  };
  const luminance = (rgb) => {
    const [red, green, blue] = rgb.map((value) => channel(value / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const { rgb, opacity } = parse(getComputedStyle(at).backgroundColor);
      if (opacity === 1) return rgb;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    const style = getComputedStyle(element);
    if (!walk.currentNode.data.trim() || !element.checkVisibility() || element.closest("[inert], .marks, noscript, option")) continue;
    const [one, other] = [luminance(parse(style.color).rgb), luminance(behind(element))].sort((a, b) => b - a);
    if ((one + 0.05) / (other + 0.05) < 4.5) found.push(`${element.className || element.tagName}: ${walk.currentNode.data.trim()}`);
  }
  return found;
}

let test;

async function picture(page, name) {
  await page.screenshot({ path: path.join(pictures, `${test.dark ? "dark" : "light"}-${name}.png`) });
}

async function status(page, said) {
  await page.waitForFunction(
    ([said, pattern]) => {
      const { textContent } = document.querySelector("#status");
      return pattern ? new RegExp(pattern).test(textContent) : textContent === said;
    },
    said instanceof RegExp ? [null, said.source] : [said, null],
    { timeout: LATEST },
  );
}

async function open(page, address, parameters) {
  await page.goto("about:blank");
  await page.goto(`${address}#${parameters}`);
}

/** Notes what a page says on its console, and where its requests go. */
function watched(page, origin, complaints) {
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !page.broken) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const url = new URL(request.url());
    const own = url.hostname === "127.0.0.1" || ["data:", "file:", "about:"].includes(url.protocol);
    if (!own) complaints.push(`a request to ${url.href}`);
  });
}

async function main() {
  const { child, address } = serve();
  const at = await address;
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
  let failed = 0;
  let passed = 0;
  const run = async (name, dark, body) => {
    if (!name.includes(wanted)) return;
    const context = await browser.newContext({
      colorScheme: dark ? "dark" : "light",
      viewport: { width: 1360, height: 860 },
      permissions: ["clipboard-read", "clipboard-write"],
    });
    context.setDefaultTimeout(LATEST);
    const complaints = [];
    context.on("page", (page) => watched(page, at, complaints));
    test = { dark };
    try {
      const page = await context.newPage();
      await body({ page, context, dark });
      assert.deepEqual(complaints, []);
      passed += 1;
    } catch (error) {
      failed += 1;
      console.error(`\n${name} (${dark ? "dark" : "light"}):\n${error.stack}`);
    } finally {
      await context.close();
    }
  };
  for (const dark of [false, true]) {
    for (const [name, body] of Object.entries(tests)) {
      await run(name, dark, async (given) => {
        await given.page.goto(at);
        await status(given.page, "Derived and confirmed");
        await body({ ...given, address: at });
      });
    }
    await run("pages of HTML", dark, async ({ page }) => {
      for (const file of fs.readdirSync(pages)) {
        await page.goto(`file://${path.join(pages, file)}`);
        assert.ok((await page.locator("math").count()) > 0, file);
        for (const steps of await page.locator("details").all()) {
          const inside = steps.locator("math").last();
          assert.equal(await inside.isVisible(), false, file);
          await steps.locator("summary").click();
          assert.equal(await inside.isVisible(), true, file);
          if (file !== "one_layer.html") break;
        }
        if (file === "one_layer.html") await picture(page, "page");
      }
    });
  }
  await browser.close();
  child.kill();
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

main();
