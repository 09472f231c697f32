import { explainIssues } from '#contracts';
import { RequireToken } from '#operations';
import { RewardError, ScoringDesk, scoreQuestion, type ModelAnswer, type ScoreAnswer } from '#reward-models';
import { Body, Controller, Get, HttpCode, HttpException, HttpStatus, Post, UseGuards } from '@nestjs/common';

/** The reward model over HTTP: for whoever has no broker, and for trying it out. */
@Controller()
@UseGuards(RequireToken)
export class ScoreController {
  readonly #desk: ScoringDesk;

  constructor(desk: ScoringDesk) {
    this.#desk = desk;
  }

  @Get('model')
  model(): ModelAnswer {
    const { name, ...card } = this.#desk.model.card;
    return { model: name, ...card };
  }

  @Post('score')
  @HttpCode(HttpStatus.OK)
  async score(@Body() body: unknown): Promise<ScoreAnswer> {
    const checked = scoreQuestion.safeParse(body);
    if (!checked.success)
      throw refusal(400, 'request.invalid', explainIssues(checked.error, scoreQuestion, body).join('\n'));
    const { request, items } = checked.data;
    const { name, version, digest, range } = this.#desk.model.card;
    try {
      const scores = await this.#desk.answer({ request, items });
      return {
        ...(request === undefined ? {} : { request }),
        model: name,
        version,
        digest,
        range,
        scores: [...scores],
      };
    } catch (error) {
      const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
      if (typeof code !== 'string') throw error;
      const status =
        code === 'reward.request-reused' ? 409 : error instanceof RewardError && error.retryable ? 503 : 500;
      throw refusal(status, code, String(message));
    }
  }
}

function refusal(status: number, code: string, message: string): HttpException {
  return new HttpException({ code, message }, status);
}
