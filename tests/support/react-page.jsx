/** A page whose React components show the signed-in user, and report their renders to a test. */

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createSession } from "hallpass/client";
import { useSession } from "hallpass/react";

const session = createSession({ issuer: location.origin });
let subscriptions = 0;
/** The session, with a count of its listeners. */
const counted = Object.create(session, {
  subscribe: {
    value(listener) {
      subscriptions += 1;
      const stop = session.subscribe(listener);
      return () => {
        subscriptions -= 1;
        stop();
      };
    },
  },
});

function Part() {
  const { status, user } = useSession(counted);
  return <li>{user?.username ?? status}</li>;
}

const parts = (count) => <StrictMode><ul>{Array.from({ length: count }, (_, index) => <Part key={index} />)}</ul></StrictMode>;
const root = document.createElement("main");
const texts = () => [...root.querySelectorAll("li")].map(({ textContent }) => textContent);
// React commits a whole render at once: all components must show the same state.
const torn = [];
new MutationObserver(() => new Set(texts()).size > 1 && torn.push(texts())).observe(root, { subtree: true, childList: true, characterData: true });
const react = createRoot(document.body.appendChild(root));
react.render(parts(5));

globalThis.test = { session, texts, torn, subscriptions: () => subscriptions, show: (count) => react.render(parts(count)) };
