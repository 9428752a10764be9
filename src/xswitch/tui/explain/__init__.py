"""Why a switch was denied, on the screen: both sides next to each other, the missing piece marked."""
