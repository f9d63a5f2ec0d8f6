"""The pools: what several runs of Dagster may do at the same time."""

from photo_assets.definitions import ASSETS
from photo_assets.instance import open_instance
from photo_assets.settings import Settings


def test_one_run_decodes_while_another_infers_and_no_two_do_the_same(settings: Settings) -> None:
    pools = {asset.op.name: asset.op.pool for asset in ASSETS}
    decoding, device = pools["decoded_images"], pools["image_inference"]
    assert decoding and device and decoding != device
    with open_instance(settings) as instance:
        storage = instance.event_log_storage
        for pool in (decoding, device):
            storage.initialize_concurrency_limit_to_default(pool)
        asked = ((decoding, "first"), (device, "second"), (decoding, "second"), (device, "first"))
        got = [storage.claim_concurrency_slot(pool, run, "step").is_claimed for pool, run in asked]
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs > 1
    assert got == [True, True, False, False]
