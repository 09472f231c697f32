import type { IncomingMessage, ServerResponse } from 'node:http';
import { digest } from '#contracts';
import { BlobStore } from '#storage';
import {
  Controller,
  HttpStatus,
  Param,
  PayloadTooLargeException,
  Put,
  Req,
  Res,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiConsumes, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ErrorsAsJson } from './errors-as-json.ts';
import { RequireToken } from './require-token.ts';

const MOST_BYTES = 4 * 1024 ** 3;

/** Where a submission's initial shared tensors are put. */
@Controller('blobs')
@UseGuards(RequireToken)
@UseFilters(ErrorsAsJson)
@ApiTags('experiments')
@ApiBearerAuth()
export class BlobsController {
  readonly #blobs: BlobStore;

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  @Put(':digest')
  @ApiOperation({ summary: 'Store the initial shared tensors of a submission, named by their SHA-256' })
  @ApiParam({ name: 'digest', example: `sha256:${'0'.repeat(64)}` })
  @ApiConsumes('application/octet-stream')
  @ApiBody({ schema: { type: 'string', format: 'binary' }, description: 'canonical safetensors' })
  @ApiResponse({ status: HttpStatus.CREATED, description: 'stored' })
  @ApiResponse({ status: HttpStatus.OK, description: 'was there already' })
  @ApiResponse({ status: HttpStatus.BAD_REQUEST, description: 'the bytes have another digest; nothing is kept' })
  async put(
    @Param('digest', { schema: digest }) name: string,
    @Req() request: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<{ readonly digest: string; readonly bytes: number }> {
    response.statusCode = HttpStatus.OK;
    if (!(await this.#blobs.has(name))) {
      await this.#blobs.putStream(limited(request), name);
      response.statusCode = HttpStatus.CREATED;
    }
    return { digest: name, bytes: await this.#blobs.size(name) };
  }
}

async function* limited(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > MOST_BYTES) throw new PayloadTooLargeException('A blob has at most 4 GiB.');
    yield chunk;
  }
}
