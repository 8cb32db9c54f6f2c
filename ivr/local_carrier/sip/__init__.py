"""Lines over SIP and RTP: any telephone, telephone system or trunk reaches the local carrier without a carrier.

The library (aiosipua, aiortp) reads and writes messages, keeps dialogues and speaks G.711. What it lacks is here:
transactions (:mod:`.transactions`), whom to answer at all (:mod:`.peers`), audio by time (:mod:`.rtp_port`,
:mod:`.timeline`). docs/sip.md names the faults met.
"""
