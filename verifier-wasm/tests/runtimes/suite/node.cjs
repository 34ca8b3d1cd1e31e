/** The suites in Node, required; standard input is what is given. */

const hallpass = require("hallpass");
const { text } = require("node:stream/consumers");

async function main() {
  const { runSuites } = await import("./run.js");
  console.log(JSON.stringify(await runSuites(hallpass, JSON.parse(await text(process.stdin)))));
}

main();
