"""Measurements of human motion that can be trusted.

The modules are the namespace: `from kinematics import anchor, measure, synthetic`. Importing the
package imports neither JAX nor any plotting library.
"""
