/** A random history: actions of the user, events of the machine and the network, until all faults are over. */

import { USERS } from "./issuer.js";
import { settled } from "./machine.js";
import { weathers } from "./network.js";
import { Random } from "./random.js";
import { KINDS, World } from "./world.js";

const MAX_STEPS = 40;
const MAX_TABS = 10;
const MINUTE = 60_000;

const STEPS = {
  wait: { weight: 14, do: (world, random) => world.machine.pass(random.between(0, 20_000)) },
  waitLong: { weight: 8, do: (world, random) => world.machine.pass(random.between(1, 10) * MINUTE) },
  sleep: { weight: 4, do: (world, random) => sleep(world, random.between(1, random.chance(0.2) ? 1200 : 90) * MINUTE) },
  setClock: { weight: 3, do: (world, random) => setClock(world, random.between(-180, 180) * MINUTE) },
  weather: { weight: 8, do: (world, random) => (world.network.weather = random.pick([...weathers, "fine"])) },
  open: { weight: 5, do: (world) => world.tabs.length < MAX_TABS && world.open() },
  close: { weight: 2, tab: (world, tab) => world.close(tab) },
  reload: { weight: 3, tab: (world, tab) => (world.close(tab), world.open(tab.realm)) },
  remount: { weight: 1, tab: (_world, tab) => tab.remount() },
  freeze: { weight: 3, tab: (_world, tab) => tab.freeze() },
  thaw: { weight: 4, tab: (_world, tab) => tab.thaw() },
  leave: { weight: 3, tab: (_world, tab) => tab.leave() },
  return: { weight: 4, tab: (_world, tab) => tab.return() },
  hide: { weight: 2, tab: (_world, tab) => (tab.isVisible = false) },
  show: { weight: 3, tab: (_world, tab) => tab.show() },
  online: { weight: 2, do: (world) => world.tabs.forEach((tab) => tab.wake()) },
  ask: { weight: 10, tab: (world, tab) => world.ask(tab) },
  askAll: { weight: 4, do: (world) => awake(world).forEach((tab) => world.ask(tab)) },
  load: { weight: 6, tab: (world, tab, random) => world.load(tab, random.pick(["own", "own", "foreign"])) },
  signIn: { weight: 4, tab: (world, tab, random) => world.signIn(tab, random.pick(USERS)) },
  signOut: { weight: 3, tab: (world, tab) => world.signOut(tab) },
};

const WEIGHTS = Object.fromEntries(Object.entries(STEPS).map(([name, { weight }]) => [name, weight]));

/** Runs the history of a seed. Returns its steps, its counts, its sessions, and its violations. */
export async function runHistory({ seed, kinds = KINDS, issuer, epoch, PageSession }) {
  const random = new Random(seed);
  const world = new World({ random, issuer, epoch, kind: random.pick(kinds), PageSession });
  const steps = [`${world.kind}${world.hasLocks ? "" : ", no locks"}${world.isAsync ? ", storage with promises" : ""}, ${world.timekeeping.name}`];
  const rejected = (reason) => world.judge.fails(`an unhandled rejection: ${reason?.stack}`);
  process.on("unhandledRejection", rejected);
  try {
    const count = random.whole(1, random.chance(0.2) ? MAX_TABS : 4);
    for (let opened = 0; opened < count; opened += 1) world.open();
    await world.machine.pass(1_000);
    world.signIn(world.tabs[0], USERS[0]);
    for (let left = random.whole(5, MAX_STEPS); left > 0 && world.judge.violations.length === 0; left -= 1) await step(world, random, steps);
    if (world.judge.violations.length === 0) await world.heal();
    await settled();
  } finally {
    process.off("unhandledRejection", rejected);
  }
  const realms = new Set([world.shared, ...world.tabs.map(({ realm }) => realm)]);
  const sessions = [...realms].flatMap((realm) => [...(realm?.ledger.sessions.values() ?? [])]);
  return { seed, steps, counts: world.network.counts, sessions, violations: world.judge.violations, lasted: world.machine.now };
}

async function step(world, random, steps) {
  const name = random.weighted(WEIGHTS);
  const { do: act, tab: actOn } = STEPS[name];
  const candidates = world.tabs.filter(FITS[name] ?? isAwake);
  const tab = actOn === undefined ? undefined : random.pick(candidates);
  if (actOn !== undefined && tab === undefined) return;
  steps.push(`${(world.machine.now / 1000).toFixed(1)} s: ${name}${tab === undefined ? "" : ` ${tab.name}`}`);
  await (tab === undefined ? act(world, random) : actOn(world, tab, random));
  await settled();
}

const isAwake = (tab) => !tab.isFrozen;
const FITS = { thaw: (tab) => tab.isFrozen && !tab.isAway, return: (tab) => tab.isAway };
const awake = (world) => world.tabs.filter(isAwake);

async function sleep(world, milliseconds) {
  world.hasSlept = true;
  await world.machine.sleep(milliseconds);
  for (const tab of awake(world)) if (tab.isVisible) tab.wake();
}

function setClock(world, by) {
  if (by < 0) world.hasSetBack = true;
  world.machine.setWall(by);
  for (const tab of world.tabs) tab.waitsNoMore();
}
