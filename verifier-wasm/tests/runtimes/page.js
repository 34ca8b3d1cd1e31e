/** The suites in a page of Chromium without a bundler: the package's files are served unchanged. */

import { startBrowser } from "../../../tests/support/browser.js";
import { serveFolder } from "../../../tests/support/static-server.js";

const PAGE = `<!doctype html>
<script type="importmap">
{
  "imports": {
    "hallpass": "/node_modules/hallpass/dist/entry-text.js",
    "#sync-crypto": "/node_modules/hallpass/dist/sync-crypto-none.js"
  }
}
</script>
<script type="module" src="/page.js"></script>`;

export async function runInPage(folder, given) {
  const server = await serveFolder(folder, { "/": { body: PAGE } });
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(server.url);
    await page.waitForFunction(() => globalThis.runSuites !== undefined);
    return await page.evaluate((given) => globalThis.runSuites(given), given);
  } finally {
    await browser.close();
    await server.stop();
  }
}
