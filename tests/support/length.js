/** How much a run tries: each rule once, or with `HALLPASS_TEST_LENGTH=long`, which `cargo xtask test --all` sets, the long runs too. */

export const isLong = process.env.HALLPASS_TEST_LENGTH === "long";

/** The value for this run's length. */
export const byLength = ({ short, long }) => (isLong ? long : short);

/** Why a long test is skipped, or false where it runs: for the `skip` of a test. */
export const skipUnlessLong = !isLong && "a long run: `cargo xtask test --all`";
