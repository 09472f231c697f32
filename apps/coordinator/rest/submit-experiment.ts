import { randomBytes } from 'node:crypto';
import type { BaseModel, ExperimentSpec } from '#contracts';
import { methodNamed, unusedFields } from '#methods';
import { checkTensors, decodeSafetensors } from '#parameters';
import { checkLink } from '#radio';
import { BlobStore } from '#storage';
import { Injectable } from '@nestjs/common';
import { CoordinatorError } from '../coordinator-error.ts';
import { Experiments } from '../experiments.ts';
import type { SubmissionRequest } from './requests.ts';

/** POST /experiments → recorded and stated, once: the same submission under the same name again changes nothing. */
@Injectable()
export class SubmitExperiment {
  readonly #experiments: Experiments;
  readonly #blobs: BlobStore;

  constructor(experiments: Experiments, blobs: BlobStore) {
    this.#experiments = experiments;
    this.#blobs = blobs;
  }

  /** Answers whether it is new. */
  async submit({ experiment, spec, base }: SubmissionRequest): Promise<{ experiment: string; created: boolean }> {
    checkProfiles(spec);
    checkLink(spec.link);
    await this.#checkInitialTensors(base);
    const id = experiment ?? `${spec.name}-${randomBytes(3).toString('hex')}`;
    return { experiment: id, created: await this.#experiments.submit(id, spec, base) };
  }

  /** The shared tensors that the first round starts from were put under /blobs before, and are what the manifest says. */
  async #checkInitialTensors({ shared: { initial, manifest } }: BaseModel): Promise<void> {
    if (!(await this.#blobs.has(initial.digest))) {
      throw new CoordinatorError(
        'experiment.blob-missing',
        `Put the initial tensors under /blobs/${initial.digest} first.`,
      );
    }
    // Before they are read: what is stored may be larger than any model's shared part.
    const bytes = await this.#blobs.size(initial.digest);
    const problem =
      bytes === initial.bytes
        ? checkTensors(decodeSafetensors(await this.#blobs.read(initial.digest)), manifest)
        : `they have ${bytes} bytes, the submission says ${initial.bytes}`;
    if (problem !== undefined)
      throw new CoordinatorError(
        'experiment.blob-invalid',
        `The initial tensors ${initial.digest} do not fit: ${problem}.`,
      );
  }
}

/** What a profile asks for that the method cannot do would be done for nobody, and yet be recorded as if it were. */
function checkProfiles({ method, profiles }: ExperimentSpec): void {
  const [unused] = unusedFields(methodNamed(method), { profiles });
  if (unused !== undefined) throw new CoordinatorError('spec.invalid', `${unused.path.join('.')}: ${unused.message}`);
}
