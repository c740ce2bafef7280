"""How an answer looks: on white paper of its own, whatever theme a notebook has: its pictures are white."""

from __future__ import annotations

from helpers.show.figures import BLUE, GREY, INK, ORANGE, PAPER

# Everything is below .mailreport, so that nothing else in a notebook changes.
STYLE = f"""
.mailreport {{ background: {PAPER}; color: {INK}; border: 1px solid #d5d9de; border-radius: 8px;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK JP", sans-serif;
  padding: 20px 24px; max-width: 1010px; box-sizing: border-box; overflow-wrap: anywhere; }}
.mailreport * {{ box-sizing: border-box; }}
.mailreport p {{ margin: 0 0 8px; max-width: 84ch; line-height: 1.5; }}
.mailreport h2 {{ font-size: 22px; line-height: 1.3; margin: 0 0 6px; font-weight: 650; }}
.mailreport h3 {{ font-size: 17px; line-height: 1.3; margin: 28px 0 10px; font-weight: 650; }}
.mailreport h4 {{ font-size: 15px; line-height: 1.3; margin: 14px 0 6px; font-weight: 650; }}
.mailreport .verdict {{ border-left: 6px solid {GREY}; background: #f4f5f6; border-radius: 4px;
  padding: 14px 18px; }}
.mailreport .verdict.bad {{ border-color: {ORANGE}; background: #fdf4ee; }}
.mailreport .verdict.good {{ border-color: {BLUE}; background: #eef6fb; }}
.mailreport .verdict.bad .mark {{ color: {ORANGE}; }}
.mailreport .verdict.good .mark {{ color: {BLUE}; }}
.mailreport .verdict p {{ font-size: 16px; margin: 0; }}
.mailreport .note {{ color: {GREY}; font-size: 14px; margin: 8px 0 0; }}
.mailreport .hint {{ color: {GREY}; font-size: 14px; }}
.mailreport .picture {{ display: block; max-width: 100%; height: auto; margin: 4px 0; }}
.mailreport ul {{ margin: 0 0 8px; padding-left: 22px; max-width: 88ch; }}
.mailreport li {{ margin: 3px 0; line-height: 1.5; }}
.mailreport .wide {{ overflow-x: auto; }}
.mailreport table {{ border-collapse: collapse; width: 100%; margin: 4px 0; font-size: 14px;
  line-height: 1.45; }}
.mailreport th {{ text-align: left; color: {GREY}; font-weight: 600; border-bottom: 2px solid #d5d9de;
  padding: 4px 14px 4px 0; vertical-align: bottom; white-space: nowrap; }}
.mailreport td {{ text-align: left; vertical-align: top; border-bottom: 1px solid #e8eaed;
  padding: 6px 14px 6px 0; white-space: pre-wrap; min-width: 4em; }}
.mailreport td.short {{ white-space: nowrap; overflow-wrap: normal; }}
.mailreport details {{ border: 1px solid #d5d9de; border-radius: 6px; margin: 8px 0; }}
.mailreport details > div {{ padding: 2px 16px 12px; }}
.mailreport summary {{ cursor: pointer; padding: 8px 14px; font-weight: 600; line-height: 1.4; }}
.mailreport summary:hover {{ background: #f4f5f6; }}
.mailreport details details summary {{ font-weight: 500; }}
.mailreport .tag {{ font-size: 13px; font-weight: 500; color: {GREY}; border: 1px solid #d5d9de;
  border-radius: 10px; padding: 1px 9px; margin-left: 8px; white-space: nowrap; display: inline-block; }}
.mailreport .tag.bad {{ color: {ORANGE}; border-color: {ORANGE}; }}
.mailreport .tag.good {{ color: {BLUE}; border-color: {BLUE}; }}
.mailreport code {{ font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }}
.mailreport code.copy {{ display: block; user-select: all; -webkit-user-select: all; white-space: pre-wrap;
  background: #f4f5f6; border: 1px solid #d5d9de; border-radius: 4px; padding: 3px 8px; cursor: text;
  color: {INK}; }}
.mailreport td.host {{ min-width: 13em; }}
.mailreport td .before {{ display: block; color: {GREY}; font-size: 13px; margin-top: 4px; }}
"""

# A page of its own: as wide as it needs to be, and folds stand open on paper.
PAGE_STYLE = f"""
body {{ background: #eceef0; margin: 24px auto; padding: 0 16px; max-width: 1042px; color: {INK};
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK JP", sans-serif; }}
h1 {{ font-size: 15px; font-weight: 600; color: {GREY}; margin: 0 0 10px; overflow-wrap: anywhere; }}
footer {{ color: {GREY}; font-size: 13px; margin: 12px 0; }}
@page {{ margin: 14mm; }}
@media print {{
  body {{ background: {PAPER}; margin: 0; padding: 0; max-width: none; }}
  .mailreport {{ border: 0; padding: 0; max-width: none; font-size: 10.5pt; }}
  .mailreport .verdict, .mailreport code.copy, .mailreport .tag {{ print-color-adjust: exact;
    -webkit-print-color-adjust: exact; }}
  .mailreport h3, .mailreport h4, .mailreport summary {{ break-after: avoid; }}
  .mailreport tr, .mailreport .picture, .mailreport .verdict {{ break-inside: avoid; }}
  .mailreport .wide {{ overflow: visible; }}
  .mailreport table {{ font-size: 9.5pt; }}
  .mailreport td.short {{ white-space: pre-wrap; }}
  .mailreport details {{ border: 0; }}
  .mailreport details::details-content {{ content-visibility: visible; display: block; }}
  .mailreport details > div {{ padding: 0; }}
  .mailreport summary {{ padding: 4px 0; list-style: none; }}
}}
"""
