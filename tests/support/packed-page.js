/** The packed package in a page of a real browser, bundled as a page's author would bundle it. */

import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { startBrowser } from "./browser.js";
import { bundlePacked, packPackage } from "./packed.js";

/** A page with an origin: about:blank would have no WebCrypto. It is answered here and never leaves this machine. */
const PAGE = "https://page.example/";

/**
 * Opens a page with this script before the tests of a file, and closes it after them. Returns how to call the global
 * function that the script defines: `call(name, ...arguments)`.
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
  return (name, ...given) => page.evaluate(([name, given]) => globalThis[name](...given), [name, given]);
}
