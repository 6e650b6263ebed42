"""One self-contained HTML page about a model, for physicists in a hurry."""

from bartik.report.catalogue import write_catalogue as write_catalogue
from bartik.report.contents import Compared as Compared
from bartik.report.contents import Comparison as Comparison
from bartik.report.contents import DataRow as DataRow
from bartik.report.contents import Facts as Facts
from bartik.report.contents import Figure as Figure
from bartik.report.contents import GateRow as GateRow
from bartik.report.contents import InputRow as InputRow
from bartik.report.contents import Metric as Metric
from bartik.report.contents import ParityRow as ParityRow
from bartik.report.contents import Registered as Registered
from bartik.report.contents import Report as Report
from bartik.report.contents import Snippet as Snippet
from bartik.report.contents import SpeedRow as SpeedRow
from bartik.report.contents import Verdict as Verdict
from bartik.report.contents import WorkingPoint as WorkingPoint
from bartik.report.page import render as render
from bartik.report.page import write_report as write_report
