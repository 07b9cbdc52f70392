"""Trains and applies a byte-level BPE with Hugging Face's `tokenizers`; tokenizer-race.mjs starts it.

    tokenizer-race.py TEXT VOCAB OUT

OUT gets the ids of all documents, each followed by that of <|eos|>, 32 bits an id. Prints one JSON object.
"""

import array
import hashlib
import json
import sys
import time

import tokenizers
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

SPECIALS = ["<pad>", "<unk>", "<bos>", "<|eos|>"]


def documents(path):
    """What flashlm's format `text` takes for documents."""
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        parts = file.read().replace("\r\n", "\n").split("<|endoftext|>")
    return [text for text in (part.strip("\n") for part in parts) if text]


def main(path, vocab, out):
    began = time.perf_counter()
    texts = documents(path)
    read = time.perf_counter()
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab,
        min_frequency=2,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    trained = time.perf_counter()
    # In documents special tokens are text. The fast one leaves out where in the text each token stands.
    tokenizer.encode_special_tokens = True
    encodings = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    encoded = time.perf_counter()

    eos = tokenizer.token_to_id("<|eos|>")
    stream = array.array("I")
    for encoding in encodings:
        stream.extend(encoding.ids)
        stream.append(eos)
    with open(out, "wb") as file:
        stream.tofile(file)
    # As JSON.stringify writes them.
    merges = json.dumps(
        json.loads(tokenizer.to_str())["model"]["merges"], ensure_ascii=False, separators=(",", ":")
    )
    report = {
        "versions": f"tokenizers {tokenizers.__version__}, Python {sys.version.split()[0]}",
        "seconds": {
            "read": read - began,
            "train": trained - read,
            "encode": encoded - trained,
            "all": encoded - began,
        },
        "merges": hashlib.sha256(merges.encode()).hexdigest(),
    }
    print(json.dumps(report))


main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
