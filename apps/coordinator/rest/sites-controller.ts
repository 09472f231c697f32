import { siteName } from '#contracts';
import type { Site } from '#storage';
import { Body, Controller, Get, HttpStatus, Param, Put } from '@nestjs/common';
import { KnownSites } from '../known-sites.ts';
import { site } from './answers/rows.ts';
import { Answers, AnswersList, Refuses, RestBorder } from './describe-route.ts';
import { siteKey, type SiteKey } from './requests.ts';

/** The sites that may enrol clients. */
@Controller('sites')
@RestBorder('sites')
export class SitesController {
  readonly #sites: KnownSites;

  constructor(sites: KnownSites) {
    this.#sites = sites;
  }

  @Get()
  @AnswersList(site, 'The sites that are let in, by name')
  list(): Promise<Site[]> {
    return this.#sites.list();
  }

  @Put(':name')
  @Answers(site, 'Let a site in under its public key; experiments that wait for its clients ask it again')
  @Refuses({
    [HttpStatus.BAD_REQUEST]: 'name or key is wrong',
    [HttpStatus.CONFLICT]: 'the name is let in under another key, which is never replaced',
  })
  letIn(
    @Param('name', { schema: siteName }) name: string,
    @Body({ schema: siteKey }) { publicKey }: SiteKey,
  ): Promise<Site> {
    return this.#sites.letIn(name, publicKey);
  }
}
