"""Tests of the decoding room. Every file is made by the tests, except where real photos lie beside the project."""
