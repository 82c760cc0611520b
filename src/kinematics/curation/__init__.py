"""Selection of video clips that show people who act, by stages that give reasons."""
