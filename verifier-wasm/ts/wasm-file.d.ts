/** A wasm file as an import, which workerd and bundlers give as a compiled module. */

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
