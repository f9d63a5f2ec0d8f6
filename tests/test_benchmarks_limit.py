"""What is made of the samples of the pipeline and of its stages alone."""

from benchmarks.limit_tables import DECODING, INGEST, MODELS, UPSERT, limit_lines


def run(number: int, slower: float = 1.0) -> list[dict[str, object]]:
    steps = {"decoded_images": 6.0, "image_inference": 4.0, "caption_embeddings": 0.5, "collection_points": 1.0}
    steps |= {"photo_files": 0.7}
    seconds = {INGEST: 12.5, DECODING: 5.0, MODELS: 3.0, UPSERT: 0.5}
    about = {"photos": 10, "family": "small", "run": number, "done": 10}
    also = {INGEST: {"steps_s": {name: spent * slower for name, spent in steps.items()}}}
    also[MODELS] = {"loading_s": 1.0 * slower}
    return [about | {"what": what, "seconds": spent * slower} | also.get(what, {}) for what, spent in seconds.items()]


def test_the_pipeline_is_compared_with_its_slowest_stage_and_with_all_of_them_within_each_run() -> None:
    lines = limit_lines([*run(0), *run(1, slower=10.0), *run(2)])
    assert lines[-1] == (
        "`photos ingest` is 40 % as fast as its slowest stage alone, decoding, "
        "and 68 % as fast as the three one after the other."
    )


def test_loading_is_no_part_of_the_models_work_and_every_second_of_the_ingest_is_somewhere() -> None:
    lines = limit_lines(run(0))
    within = [float(line.split("|")[3]) for line in lines if line.startswith("|") and line[2] not in "-:|"]
    assert "| models | 3.0 | 3.5 | 10 | 3.0 |" in lines
    assert sum(within[:-1]) == within[-1]
