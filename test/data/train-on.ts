import { ChunkBuilder } from '../../src/data/chunk-builder.ts';
import { Tokenizer } from '../../src/data/tokenizer/tokenizer.ts';
import { WordCounter } from '../../src/data/tokenizer/word-counter.ts';

/** A tokenizer trained on documents given as strings. */
export function trainOn(documents: readonly string[], vocab: number, minFrequency = 2): Tokenizer {
  const counter = new WordCounter();
  const builder = new ChunkBuilder(1 << 16);
  for (const text of documents) {
    builder.append(Buffer.from(text), false);
    builder.endDocument(false);
  }
  for (const chunk of builder.drain(true)) counter.addChunk(chunk);
  return Tokenizer.train(counter.result(), { vocab, minFrequency });
}
