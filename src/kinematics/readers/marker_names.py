"""Names of body markers in the marker sets of mocap labs, as plain tables.

Names are compared in capitals, without the subject before a colon, spaces and punctuation. The sets
are Plug-in Gait and its relatives, the Calibrated Anatomical System, Davis as BTS writes it, and
OptiTrack's.
"""

ALIASES: dict[str, str] = {
    "LASI": "LASI LASIS LIAS LFWT WAISTLFRONT LEFTASIS",
    "RASI": "RASI RASIS RIAS RFWT WAISTRFRONT RIGHTASIS",
    "LPSI": "LPSI LPSIS LIPS LBWT WAISTLBACK LEFTPSIS",
    "RPSI": "RPSI RPSIS RIPS RBWT WAISTRBACK RIGHTPSIS",
    "SACR": "SACR SACRUM VSACRAL VSACRUM MIDPSIS",
}
"""Names of the pelvis markers, without subject, spaces and punctuation, in capitals."""

SIDED: dict[str, tuple[str, str]] = {
    "knee": (
        "KNE KNEE KNEELAT KNEELATERAL FLE KNEL KNELAT KNEE1 KL",
        "KNM KNEM KNEEM KNEEMED KNEEMEDIAL FME KM",
    ),
    "ankle": (
        "ANK ANKLE ANKLELAT ANKLELATERAL FAL ANKL MALL AL",
        "ANM ANKM MED ANKLEMED ANKLEMEDIAL TAM AM",
    ),
    "elbow": ("ELB ELBOW ELBOWLAT ELBOWLATERAL HLE ELBL", "ELM ELBM ELBOWMED ELBOWMEDIAL HME"),
    "wrist": ("WRA WRISTRAD RADIUS RSP WRI WRIST IWR", "WRB WRISTULN ULNA USP UHE OWR"),
    "foot": ("FM5 MT5", "FM1 MT1"),
}
"""Joints between two markers: names, after the side, of the outer (or thumb's), then the inner."""

SINGLE: dict[str, str] = {
    "shoulder": "SHO SHOULDER SHOULD ACR ACROMION SAE SAJ",
    "foot": "TOE MT2 FM2 MET TOETIP",
}
"""Points at a single marker, which is preferred to a pair."""

MIDDLE: dict[str, tuple[str, ...]] = {
    "neck": ("C7 CV7", "CLAV CLAVICLE SJN SNJ IJ SUPRASTERNALE"),
    "chest": ("T10 TV10 T8 TV8", "STRN STERNUM SXS XIPHOID"),
    "head": (
        "LFHD LEFTFRONTHEAD LHDF",
        "RFHD RIGHTFRONTHEAD RHDF",
        "LBHD LEFTBACKHEAD LHDB",
        "RBHD RIGHTBACKHEAD RHDB",
    ),
}
"""Points at the mean of all of these markers."""
