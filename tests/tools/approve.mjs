// Opens a URL in headless Chromium and clicks a button, over the DevTools protocol on two pipes.
// Usage: node approve.mjs CHROMIUM PROFILE_FOLDER URL BUTTON_VALUE; prints the text of the last page.
import { spawn } from "node:child_process";

const [chromium, folder, url, button] = process.argv.slice(2);
const words = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
  "--disable-extensions", "--disable-background-networking", "--remote-debugging-pipe",
  `--user-data-dir=${folder}`, "about:blank",
];
const browser = spawn(chromium, words, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
const [, , , input, output] = browser.stdio;
const waiting = new Map();
let next = 1;
let pending = "";

output.on("data", (data) => {
  pending += data;
  const messages = pending.split("\0");
  pending = messages.pop();
  for (const text of messages) {
    const message = JSON.parse(text);
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  }
});

function send(method, params = {}, sessionId = undefined) {
  const id = next++;
  input.write(JSON.stringify({ id, method, params, sessionId }) + "\0");
  return new Promise((resolve, reject) => {
    waiting.set(id, (message) => message.error ? reject(new Error(message.error.message)) : resolve(message.result));
  });
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function main() {
  const { targetInfos } = await send("Target.getTargets");
  const page = targetInfos.find((target) => target.type === "page");
  const { sessionId } = await send("Target.attachToTarget", { targetId: page.targetId, flatten: true });
  const evaluate = async (expression) => {
    const answer = await send("Runtime.evaluate", { expression, returnByValue: true }, sessionId);
    return answer.result.value;
  };
  await send("Page.navigate", { url }, sessionId);
  const selector = JSON.stringify(`button[value="${button}"], input[value="${button}"]`);
  for (let left = 200; left > 0 && !(await evaluate(`!!document.querySelector(${selector})`)); left--) await pause(100);
  await evaluate(`document.querySelector(${selector}).click()`);
  for (let left = 200; left > 0; left--) {
    await pause(100);
    const text = await evaluate("document.readyState === 'complete' && location.href !== " + JSON.stringify(url) + " ? document.body.innerText : ''");
    if (text) {
      console.log(text);
      return 0;
    }
  }
  return 1;
}

const limit = setTimeout(() => { browser.kill("SIGKILL"); process.exit(2); }, 60_000);
main().then(async (code) => {
  clearTimeout(limit);
  await send("Browser.close").catch(() => {});
  browser.once("exit", () => process.exit(code));
}, (error) => {
  console.error(error.message);
  browser.kill("SIGKILL");
  process.exit(3);
});
