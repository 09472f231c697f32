import { generateKeyPairSync } from 'node:crypto';
import { enrolmentStatement, openSigner, signJson, type Enrolment, type Signer } from '#ledger';

/** A key such as a site makes at its first start. */
export function newSigner(): Signer {
  const { privateKey } = generateKeyPairSync('ed25519');
  return openSigner(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
}

/** An enrolment as a site with this key states it. */
export function signed<Rest extends Omit<Enrolment, 'experiment' | 'publicKey'>>(
  signer: Signer,
  experiment: string,
  enrolment: Rest,
): Rest & { readonly publicKey: string; readonly signature: string } {
  const whole = { ...enrolment, publicKey: signer.publicKey };
  return { ...whole, signature: signJson(signer, enrolmentStatement({ experiment, ...whole })) };
}
