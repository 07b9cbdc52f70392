import { FlashError } from '../../core/errors.ts';
import { BYTE_TO_CHAR } from './byte-alphabet.ts';
import { MAX_MERGES, MAX_VOCAB, type Merge } from './merges.ts';

/** A token with a meaning other than its text: found in a text as it is written, left out when decoding. */
export interface SpecialToken {
  readonly id: number;
  readonly content: string;
  /** Hugging Face looks for these only in what the others leave: without a normaliser, that is all it changes. */
  readonly normalized?: true;
}

/** All that decides which ids a text gets: what a tokenizer.json says, checked. */
export interface TokenizerSpec {
  /** Every token by id, in the byte alphabet (special tokens: as they are). */
  readonly tokens: readonly string[];
  readonly merges: readonly Merge[];
  readonly specials: readonly SpecialToken[];
  /** What the file asks for and has no effect here, in whole sentences. */
  readonly notices?: readonly string[];
}

/** As Hugging Face writes them; a decoder doesn't look at `add_prefix_space`. */
const BYTE_LEVEL = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };

type Json = Readonly<Record<string, unknown>>;

/** The spec as a tokenizer.json of Hugging Face's tokenizers, ready for JSON.stringify. */
export function toTokenizerJson(spec: TokenizerSpec): Json {
  const { tokens, merges, specials } = spec;
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specials.map(({ id, content, normalized = false }) => {
      return {
        id,
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized,
        special: true,
      };
    }),
    normalizer: null,
    pre_tokenizer: BYTE_LEVEL,
    post_processor: null,
    decoder: { ...BYTE_LEVEL, add_prefix_space: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      // fromEntries makes `__proto__` a key like any other; an assignment would not.
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map(([left, right]) => [tokens[left], tokens[right]]),
    },
  };
}

/**
 * Reads a parsed tokenizer.json. Throws FlashError, naming `where`, for anything that is not a byte-level BPE whose
 * ids this tokenizer would give exactly as Hugging Face's does.
 */
export function fromTokenizerJson(value: unknown, where: string): TokenizerSpec {
  const check = new Checks(where);
  const root = check.object(value, 'the file');
  const model = check.object(root.model, 'model');
  check.that(
    model.type === undefined || model.type === 'BPE',
    `model.type is ${show(model.type)}, expected "BPE"`,
  );
  for (const key of ['dropout', 'continuing_subword_prefix', 'end_of_word_suffix', 'ignore_merges']) {
    check.that(!model[key], `model.${key} is ${show(model[key])}, which is not supported`);
  }
  checkPipeline(check, root);

  const idOf = readVocab(check, model.vocab);
  const specials = readSpecials(check, root.added_tokens ?? [], idOf);
  const tokens = inOrder(check, idOf);
  for (const char of BYTE_TO_CHAR) {
    check.that(idOf.has(char), `the vocabulary has no token for the byte ${show(char)}: no byte-level BPE`);
  }
  return {
    tokens,
    merges: readMerges(check, model.merges, idOf),
    specials,
    notices: noticesOf(root, specials),
  };
}

/** The parts around the model: a byte-level splitter and decoder, and nothing that changes a text or its ids. */
function checkPipeline(check: Checks, root: Json): void {
  const [normalizer] = check.parts(root.normalizer, 'normalizer', 'normalizers');
  check.that(!normalizer, `the normalizer ${show(normalizer?.type)} changes texts, which is not supported`);
  for (const [key, list] of [
    ['pre_tokenizer', 'pretokenizers'],
    ['decoder', 'decoders'],
  ] as const) {
    const parts = check.parts(root[key], key, list);
    const types = parts.map(({ type }) => show(type)).join(', ') || 'nothing';
    const right = parts.length === 1 && parts[0]!.type === 'ByteLevel';
    check.that(right, `the ${key} is ${types}, expected "ByteLevel" alone`);
    if (key === 'decoder') continue;
    check.that(
      parts[0]!.add_prefix_space === false,
      'pre_tokenizer.add_prefix_space must be false: a blank before each text is not supported',
    );
    check.that(parts[0]!.use_regex !== false, 'pre_tokenizer.use_regex must be true');
  }
  for (const part of check.parts(root.post_processor, 'post_processor', 'processors')) {
    // ByteLevel only moves offsets.
    check.that(
      part.type === 'ByteLevel' || addsNothing(part),
      `the post_processor ${show(part.type)} adds tokens to each text, which is not supported`,
    );
  }
}

/** A template that gives back a text's own ids, `$A`. */
function addsNothing({ type, single }: Json): boolean {
  if (type !== 'TemplateProcessing' || !Array.isArray(single) || single.length !== 1) return false;
  return single[0]?.Sequence?.id === 'A';
}

function noticesOf(root: Json, specials: readonly SpecialToken[]): string[] {
  const blocks = ['truncation', 'padding'].filter((key) => root[key] != null).map((key) => `'${key}'`);
  const notices: string[] = [];
  if (blocks.length > 0) {
    notices.push(
      `The tokenizer's ${blocks.join(' and ')} are ignored: texts are neither cut nor filled up here.`,
    );
  }
  if (specials.some(({ normalized }) => normalized)) {
    notices.push(
      "The tokenizer marks special tokens as 'normalized': it has no normaliser, so they are found as written.",
    );
  }
  return notices;
}

function readVocab(check: Checks, value: unknown): Map<string, number> {
  const entries = Object.entries(check.object(value, 'model.vocab'));
  check.that(
    entries.length <= MAX_VOCAB,
    `model.vocab has ${entries.length} tokens, at most ${MAX_VOCAB} are possible`,
  );
  return new Map(entries.map(([token, id]) => [token, check.id(id, `the id of token ${show(token)}`)]));
}

function readSpecials(check: Checks, value: unknown, idOf: Map<string, number>): SpecialToken[] {
  const seen = new Set<string>();
  return check.array(value, 'added_tokens').map((item, i) => {
    const token = check.object(item, `added_tokens[${i}]`);
    const { content } = token;
    if (typeof content !== 'string' || content === '') throw check.error(`added_tokens[${i}] has no content`);
    const id = check.id(token.id, `the id of added token ${show(content)}`);
    check.that(!seen.has(content), `the added token ${show(content)} appears twice`);
    seen.add(content);
    check.that(
      token.special === true,
      `the added token ${show(content)} is not special, which is not supported`,
    );
    for (const key of ['single_word', 'lstrip', 'rstrip']) {
      check.that(!token[key], `the added token ${show(content)} sets '${key}', which is not supported`);
    }
    const known = idOf.get(content);
    check.that(
      known === undefined || known === id,
      `${show(content)} has the id ${id} and, in the vocabulary, ${known}`,
    );
    idOf.set(content, id);
    return token.normalized === true ? { id, content, normalized: true } : { id, content };
  });
}

/** Tokens by id: the ids must be 0, 1, 2, ... without gap or repetition. */
function inOrder(check: Checks, idOf: Map<string, number>): string[] {
  const tokens = new Array<string | undefined>(idOf.size).fill(undefined);
  for (const [token, id] of idOf) {
    check.that(
      id < idOf.size,
      `the id ${id} of token ${show(token)} leaves a gap: there are ${idOf.size} tokens`,
    );
    check.that(
      tokens[id] === undefined,
      `the id ${id} belongs to both ${show(tokens[id])} and ${show(token)}`,
    );
    tokens[id] = token;
  }
  return tokens as string[];
}

function readMerges(check: Checks, value: unknown, idOf: ReadonlyMap<string, number>): Merge[] {
  const items = check.array(value, 'model.merges');
  check.that(
    items.length <= MAX_MERGES,
    `model.merges has ${items.length} entries, at most ${MAX_MERGES} are possible`,
  );
  const seen = new Set<string>();
  return items.map((item, i) => {
    const pair: readonly unknown[] =
      typeof item === 'string' ? item.split(' ') : check.array(item, `model.merges[${i}]`);
    const [left, right] = pair;
    if (pair.length !== 2 || typeof left !== 'string' || typeof right !== 'string') {
      throw check.error(`model.merges[${i}] is not a pair of tokens`);
    }
    for (const token of [left, right, left + right]) {
      check.that(idOf.has(token), `model.merges[${i}] names ${show(token)}, which is not in the vocabulary`);
    }
    const name = `${left} ${right}`;
    check.that(!seen.has(name), `model.merges[${i}] repeats ${show(name)}`);
    seen.add(name);
    return [idOf.get(left)!, idOf.get(right)!];
  });
}

/** A value in a message: short, whatever a stranger's file holds. */
function show(value: unknown): string {
  // What is in a list or an object can be longer and deeper than anything that could be shown.
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Checks on a file of unknown origin; all of them throw FlashErrors that name the file. */
class Checks {
  private readonly where: string;

  constructor(where: string) {
    this.where = where;
  }

  error(what: string): FlashError {
    return new FlashError(`Not a tokenizer that can be used: ${what}`, {
      where: this.where,
      remedy: 'Give a byte-level BPE tokenizer.json, or let a new tokenizer be trained.',
    });
  }

  that(condition: boolean, what: string): void {
    if (!condition) throw this.error(what);
  }

  object(value: unknown, name: string): Json {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.error(`${name} is ${show(value)}, expected an object`);
    }
    return value as Json;
  }

  /** The parts of a `Sequence`, which holds them under `list`; the value itself where it is none; nothing for null. */
  parts(value: unknown, name: string, list: string): readonly Json[] {
    if (value == null) return [];
    const whole = this.object(value, name);
    if (whole.type !== 'Sequence') return [whole];
    return this.array(whole[list], `${name}.${list}`).map((part, i) =>
      this.object(part, `${name}.${list}[${i}]`),
    );
  }

  array(value: unknown, name: string): readonly unknown[] {
    if (!Array.isArray(value)) throw this.error(`${name} is ${show(value)}, expected an array`);
    return value;
  }

  id(value: unknown, name: string): number {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= MAX_VOCAB) {
      throw this.error(`${name} is ${show(value)}, expected a whole number from 0 to ${MAX_VOCAB - 1}`);
    }
    return value;
  }
}
