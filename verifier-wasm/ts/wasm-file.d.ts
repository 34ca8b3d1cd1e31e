/** The import of a wasm file, which workerd and bundlers resolve to a compiled module. */

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
