"""What several objects are made of."""

from .materials import Material

STEEL = Material((0.75, 0.75, 0.76), roughness=0.25, metallic=1.0)
POLISHED_STEEL = Material((0.75, 0.75, 0.77), roughness=0.18, metallic=1.0)
TOOL_STEEL = Material((0.72, 0.72, 0.74), roughness=0.22, metallic=1.0)
SHEET_STEEL = Material((0.72, 0.72, 0.73), roughness=0.28, metallic=0.9)
RUBBER = Material((0.03, 0.03, 0.03), roughness=0.6)
WINDOW = Material((0.04, 0.06, 0.08), roughness=0.03, metallic=0.3)
