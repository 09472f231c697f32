import { Controller, Get, HttpCode, HttpStatus, Param, Post, Query } from '@nestjs/common';
import type { DeadLetterLine } from '#storage';
import { DeadLetters } from '../dead-letters.ts';
import { deadLetter } from './answers/rows.ts';
import { AnswersList, AnswersNothing, Refuses, RestBorder } from './describe-route.ts';
import { deadLetterNumber, deadLettersQuery, type DeadLettersQuery } from './requests.ts';

/** Messages that could not be handled. */
@Controller('dead-letters')
@RestBorder('dead letters')
export class DeadLettersController {
  readonly #deadLetters: DeadLetters;

  constructor(deadLetters: DeadLetters) {
    this.#deadLetters = deadLetters;
  }

  @Get()
  @AnswersList(deadLetter, 'What could not be handled, by any service, and why: latest first, at most 1,000')
  @Refuses({ [HttpStatus.BAD_REQUEST]: 'the query is wrong; the message says how' })
  list(@Query({ schema: deadLettersQuery }) { all }: DeadLettersQuery): Promise<DeadLetterLine[]> {
    return this.#deadLetters.list(all === 'true' ? 'all' : 'untried');
  }

  @Post(':id/retry')
  @HttpCode(HttpStatus.NO_CONTENT)
  @AnswersNothing('Send one again, to the topic that it came from')
  @Refuses({
    [HttpStatus.BAD_REQUEST]: 'no number',
    [HttpStatus.NOT_FOUND]: 'there is none of that number that was not sent again',
    [HttpStatus.CONFLICT]: 'this coordinator has no broker',
  })
  retry(@Param('id', { schema: deadLetterNumber }) id: number): Promise<void> {
    return this.#deadLetters.retry(id);
  }
}
