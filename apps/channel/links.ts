import { type LinkSettings, checkLink } from '#radio';
import { ChannelError } from './channel-error.ts';

/** All that a crossing's outcome depends on, beside client, round, direction and size. */
export interface ExperimentLink {
  readonly link: LinkSettings;
  readonly seed: number;
}

/**
 * The links of the experiments that were submitted since the channel started; a few numbers each, so none is forgotten.
 * Nothing is stored: after a restart the submission is stated again before anything crosses.
 */
export class Links {
  private readonly links = new Map<string, ExperimentLink>();

  /** @throws RadioError `radio.link-invalid` */
  learn(experiment: string, { link, seed }: ExperimentLink): void {
    checkLink(link);
    this.links.set(experiment, { link, seed });
  }

  /** @throws ChannelError `channel.experiment-unknown`: its submission has not arrived yet, so a retry helps. */
  of(experiment: string): ExperimentLink {
    const known = this.links.get(experiment);
    if (known === undefined) {
      const message = `The channel does not know the link of ${experiment}: its submission has not reached it yet.`;
      throw new ChannelError('channel.experiment-unknown', message, true);
    }
    return known;
  }
}
