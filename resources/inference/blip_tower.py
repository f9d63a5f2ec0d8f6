"""BLIP's image tower with fused attention.

What belongs here: the layers as the checkpoint has them, attending by torch's own kernel, because the library's writes
down a weight for every pair of patches: 16 MB per picture and layer in FP32. What does not: what goes in and what is
made of the states (graphs.py).
"""

from typing import Any

from torch import Tensor, nn


class BlipTower(nn.Module):
    """(N, 3, H, W) normalised pixels to (N, S, D) states."""

    def __init__(self, vision_model: Any) -> None:
        super().__init__()
        self._embeddings = vision_model.embeddings
        self._layers = nn.ModuleList(BlipTowerLayer(layer) for layer in vision_model.encoder.layers)
        self._last_norm = vision_model.post_layernorm

    def forward(self, pixels: Tensor) -> Tensor:
        states: Tensor = self._embeddings(pixels)
        for layer in self._layers:
            states = layer(states)
        normed: Tensor = self._last_norm(states)
        return normed


class BlipTowerLayer(nn.Module):
    """One layer of the tower; states are (N, S, D)."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self._layer = layer
        self._attention = layer.self_attn

    def forward(self, states: Tensor) -> Tensor:
        states = states + self._attend(self._layer.layer_norm1(states))
        changed: Tensor = states + self._layer.mlp(self._layer.layer_norm2(states))
        return changed

    def _attend(self, states: Tensor) -> Tensor:
        attention = self._attention
        by_head = attention.qkv(states).unflatten(-1, (3, attention.num_heads, -1))
        query, key, value = by_head.permute(2, 0, 3, 1, 4).unbind()
        context = nn.functional.scaled_dot_product_attention(query, key, value)
        attended: Tensor = attention.projection(context.transpose(1, 2).flatten(2))
        return attended
