/** The suites in Node, with `require`. Standard input is their input, as JSON. */

const hallpass = require("hallpass");
const { text } = require("node:stream/consumers");

async function main() {
  const { runSuites } = await import("./run.js");
  console.log(JSON.stringify(await runSuites({ ...hallpass, isSync: true }, JSON.parse(await text(process.stdin)))));
}

main();
