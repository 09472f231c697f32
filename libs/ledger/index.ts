/** What makes history provable: one text for one content, a chain of hashes over it, and signatures. */
export { canonicalJson, digestOfJson } from './canonical-json.ts';
export {
  chainEntry,
  entryFollows,
  entryHash,
  NO_ENTRY,
  signEntry,
  verifyEntry,
  type LedgerContent,
  type LedgerHead,
} from './hash-chain.ts';
export { LedgerError } from './ledger-error.ts';
export { openSigner, signJson, verifyJson, type Signer } from './signatures.ts';
export {
  contributionStatement,
  enrolmentStatement,
  refusalStatement,
  type Enrolment,
  type SignedContribution,
} from './signed-statements.ts';
