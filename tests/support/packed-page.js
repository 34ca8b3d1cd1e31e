/** The packed package in a page of a real browser, bundled as in a typical project. */

import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { startBrowser } from "./browser.js";
import { bundlePacked, packPackage } from "./packed.js";

/** A page with an origin: about:blank has no WebCrypto. The test serves it without a network request. */
const PAGE = "https://page.example/";

/**
 * Opens a page with this script before the tests of a file, and closes it after them. Returns `call(name, ...parameters)`, which
 * calls a global function of the script.
 */
export function packedPage(script) {
  const packed = packPackage();
  let browser;
  let page;
  before(async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(script)],
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
  return (name, ...parameters) => page.evaluate(([name, parameters]) => globalThis[name](...parameters), [name, parameters]);
}
