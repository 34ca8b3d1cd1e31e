/** Waits until every promise has gone on that can, also those behind WebCrypto, which works in threads of its own. */

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
  // What WebCrypto has answered may have called it again.
  await turn();
  if (outstanding > 0) await settled();
}
