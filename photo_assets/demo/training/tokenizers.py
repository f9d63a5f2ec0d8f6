"""The two tokenizers, of the classes that real checkpoints use, for the few words of the demo world.

Both take any text: what is not a word of the demo is spelled out, in bytes for CLIP and in letters for BLIP.
"""

import string

from tokenizers.pre_tokenizers import ByteLevel
from transformers import BertTokenizer, CLIPTokenizer

from photo_assets.demo.vocabulary import all_captions

WORD_END = "</w>"
BERT_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
DECODER_START = "[DEC]"
PADDING = "<|pad|>"


def demo_words() -> list[str]:
    """Every word of every caption, sorted."""
    return sorted({word for caption in all_captions() for word in caption.split()})


def clip_tokenizer(max_tokens: int) -> CLIPTokenizer:
    """A byte-level BPE whose merges build each word from its front, letter by letter."""
    alphabet = sorted(ByteLevel.alphabet())
    merges = list(dict.fromkeys(merge for word in demo_words() for merge in _merges(word)))
    # The padding comes first, so that its id is no word's; end of text keeps an id of its own for pooling.
    tokens = [PADDING, *alphabet, *(letter + WORD_END for letter in alphabet), *map("".join, merges)]
    vocabulary = dict.fromkeys([*tokens, "<|startoftext|>", "<|endoftext|>"])
    return CLIPTokenizer(
        vocab={token: index for index, token in enumerate(vocabulary)},
        merges=merges,  # type: ignore[arg-type]  # pairs, as its tokenizers library wants them
        pad_token=PADDING,
        model_max_length=max_tokens,
    )


def blip_tokenizer(max_tokens: int) -> BertTokenizer:
    """WordPiece: the demo's words, and letters to spell every other word."""
    letters = string.ascii_lowercase + string.digits + string.punctuation
    pieces = [*letters, *(f"##{letter}" for letter in letters)]
    vocabulary = dict.fromkeys([*BERT_SPECIAL, *demo_words(), *pieces, DECODER_START])
    tokenizer = BertTokenizer(
        vocab={token: index for index, token in enumerate(vocabulary)}, model_max_length=max_tokens
    )
    tokenizer.add_special_tokens({"bos_token": DECODER_START})
    return tokenizer


def _merges(word: str) -> list[tuple[str, str]]:
    pieces = [*word[:-1], word[-1] + WORD_END]
    return [("".join(pieces[:length]), pieces[length]) for length in range(1, len(pieces))]
