import {
  Controller,
  Get,
  HttpCode,
  HttpStatus,
  Param,
  ParseIntPipe,
  Post,
  Query,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import type { DeadLetterLine } from '#storage';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { DeadLetters } from '../dead-letters.ts';
import { ErrorsAsJson } from './errors-as-json.ts';
import { RequireToken } from './require-token.ts';

/** Messages that could not be handled. */
@Controller('dead-letters')
@UseGuards(RequireToken)
@UseFilters(ErrorsAsJson)
@ApiTags('dead letters')
@ApiBearerAuth()
export class DeadLettersController {
  readonly #deadLetters: DeadLetters;

  constructor(deadLetters: DeadLetters) {
    this.#deadLetters = deadLetters;
  }

  @Get()
  @ApiOperation({ summary: 'What could not be handled, by any service, and why; `all=true` for those sent again too' })
  list(@Query('all') all?: string): Promise<DeadLetterLine[]> {
    return this.#deadLetters.list(all === 'true' ? 'all' : 'untried');
  }

  @Post(':id/retry')
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiOperation({ summary: 'Send one again, to the topic that it came from' })
  @ApiResponse({ status: HttpStatus.NOT_FOUND, description: 'there is none of that number that was not sent again' })
  retry(@Param('id', ParseIntPipe) id: number): Promise<void> {
    return this.#deadLetters.retry(id);
  }
}
