"""The facts of one clip as rules read them: movements, margins, near misses, the route."""
