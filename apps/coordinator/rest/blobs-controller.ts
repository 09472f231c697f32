import type { IncomingMessage, ServerResponse } from 'node:http';
import { digest } from '#contracts';
import { BlobStore } from '#storage';
import { Controller, HttpStatus, Param, PayloadTooLargeException, Put, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes } from '@nestjs/swagger';
import { storedBlob } from './answers/experiments.ts';
import { Answers, Refuses, RestBorder } from './describe-route.ts';

const MOST_BYTES = 4 * 1024 ** 3;

/** Where a submission's initial shared tensors are put. */
@Controller('blobs')
@RestBorder('experiments')
export class BlobsController {
  readonly #blobs: BlobStore;

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  @Put(':digest')
  @Answers(storedBlob, 'Store the initial shared tensors of a submission, named by their SHA-256', {
    [HttpStatus.CREATED]: 'stored',
    [HttpStatus.OK]: 'was there already',
  })
  @ApiConsumes('application/octet-stream')
  @ApiBody({ schema: { type: 'string', format: 'binary' }, description: 'canonical safetensors' })
  @Refuses({
    [HttpStatus.BAD_REQUEST]: 'no digest, or the bytes have another; nothing is kept',
    [HttpStatus.PAYLOAD_TOO_LARGE]: 'more than 4 GiB',
    [HttpStatus.INSUFFICIENT_STORAGE]: 'the coordinator’s disk is full',
  })
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
