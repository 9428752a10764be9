// What another evaluator says: one request a line on stdin ({id, simulation}), one answer a line on stdout ({id, result, ignored, error}).
// Usage: node policies.mjs FOLDER, where FOLDER is the one with node_modules.
import { createRequire } from "node:module";
import path from "node:path";
import readline from "node:readline";

const load = createRequire(path.join(process.argv[2], "index.js"));
const { runSimulation } = load("@cloud-copilot/iam-simulate");

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { id, simulation } = JSON.parse(line);
  try {
    const answer = await runSimulation(simulation, {});
    const error = answer.resultType === "single" ? null : JSON.stringify(answer.errors ?? answer.resultType);
    const ignored = answer.result?.ignoredContextKeys ?? [];
    process.stdout.write(JSON.stringify({ id, result: answer.overallResult ?? null, ignored, error }) + "\n");
  } catch (problem) {
    process.stdout.write(JSON.stringify({ id, result: null, ignored: [], error: String(problem) }) + "\n");
  }
}
