"""Conformance: every history held against the SOP, written as a declarative model that a process owner reads and changes.

The model is Declare (M. Pesic, H. Schonenberg, W. van der Aalst: DECLARE, EDOC 2007; van der Aalst, Pesic, Schonenberg: Declarative
workflows, Computer Science 23, 2009) with conditions on data and time (A. Burattin, F. Maggi, A. Sperduti: Conformance checking based
on multi-perspective declarative process models, Expert Systems with Applications 65, 2016: MP-Declare). Templates bear the
names of Declare4Py and RuM; pm4py shortens them. What a model does not forbid is allowed.
"""
