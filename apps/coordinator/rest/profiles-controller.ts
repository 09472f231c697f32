import { profileChange, type ProfileChange } from '#contracts';
import type { ClientProfile, Row } from '#storage';
import { Body, Controller, HttpStatus, Param, Patch } from '@nestjs/common';
import { ChangeProfile } from '../change-profile.ts';
import { clientProfile } from './answers/rows.ts';
import { Answers, OfExperiment, Refuses, RestBorder } from './describe-route.ts';

/** How clients tune, changed while their experiment runs. */
@Controller('experiments/:id/profiles')
@RestBorder('experiments')
@OfExperiment()
export class ProfilesController {
  readonly #changeProfile: ChangeProfile;

  constructor(changeProfile: ChangeProfile) {
    this.#changeProfile = changeProfile;
  }

  @Patch(':client')
  @Answers(
    clientProfile,
    'Change how a client tunes, from the next round on: LoRA, reward weights, device class; the rest stays',
    { [HttpStatus.OK]: 'the profile that the client then has' },
  )
  @Refuses({
    [HttpStatus.BAD_REQUEST]: 'method, model or spec cannot do that, or nothing is changed',
    [HttpStatus.NOT_FOUND]: 'there is no such experiment, or no such client in it',
    [HttpStatus.CONFLICT]: 'it has ended, is in its last round, or waits for the client',
  })
  change(
    @Param('id') id: string,
    @Param('client') client: string,
    @Body({ schema: profileChange }) change: ProfileChange,
  ): Promise<Row<ClientProfile>> {
    return this.#changeProfile.change(id, client, change);
  }
}
