import { profileChange, type ProfileChange } from '#contracts';
import type { ClientProfile, Row } from '#storage';
import { Body, Controller, HttpStatus, Param, Patch, UseFilters, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ChangeProfile } from '../change-profile.ts';
import { ErrorsAsJson } from './errors-as-json.ts';
import { RequireToken } from './require-token.ts';

/** How clients tune, changed while their experiment runs. */
@Controller('experiments/:id/profiles')
@UseGuards(RequireToken)
@UseFilters(ErrorsAsJson)
@ApiTags('experiments')
@ApiBearerAuth()
export class ProfilesController {
  readonly #changeProfile: ChangeProfile;

  constructor(changeProfile: ChangeProfile) {
    this.#changeProfile = changeProfile;
  }

  @Patch(':client')
  @ApiOperation({
    summary: 'Change how a client tunes, from the next round on: LoRA, reward weights, device class; the rest stays',
  })
  @ApiResponse({ status: HttpStatus.BAD_REQUEST, description: 'method, model or spec cannot do that' })
  @ApiResponse({ status: HttpStatus.NOT_FOUND, description: 'there is no such experiment, or no such client in it' })
  @ApiResponse({
    status: HttpStatus.CONFLICT,
    description: 'it has ended, is in its last round, or waits for the client',
  })
  change(
    @Param('id') id: string,
    @Param('client') client: string,
    @Body({ schema: profileChange }) change: ProfileChange,
  ): Promise<Row<ClientProfile>> {
    return this.#changeProfile.change(id, client, change);
  }
}
