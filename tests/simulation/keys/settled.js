/** Waits until all pending promises have run, including those of WebCrypto, which uses threads. */

let outstanding = 0;

for (const name of ["verify", "importKey"]) {
  const real = crypto.subtle[name];
  crypto.subtle[name] = async (...given) => {
    outstanding += 1;
    try {
      return await real.apply(crypto.subtle, given);
    } finally {
      outstanding -= 1;
    }
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

export async function settled() {
  do await turn();
  while (outstanding > 0);
  // A result of WebCrypto may cause another call.
  await turn();
  if (outstanding > 0) await settled();
}
