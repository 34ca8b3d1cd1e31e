/** The shared vectors in a real browser, by the packed package, bundled as a page's author would bundle it. */

import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { startBrowser } from "../support/browser.js";
import { bundlePacked, packPackage } from "../support/packed.js";
import { testVectors } from "../support/vector-suite.js";

/** A page with an origin: about:blank would have no WebCrypto. It is answered here and never leaves this machine. */
const PAGE = "https://page.example/";

const packed = packPackage();
let browser;
let page;

before(async () => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("vectors-page.js", import.meta.url))],
    bundle: true,
    write: false,
    platform: "browser",
    plugins: [bundlePacked(packed)],
  });
  browser = await startBrowser();
  page = await browser.newPage();
  await page.route(PAGE, (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
  await page.goto(PAGE);
  await page.addScriptTag({ content: outputFiles[0].text });
});

after(async () => {
  await browser?.close();
  packed.remove();
});

testVectors((asked) => page.evaluate((given) => globalThis.answer(given), asked));
