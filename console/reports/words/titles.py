"""What reports, their sections and their columns are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TITLES: Final[Mapping[str, tuple[str, str, str]]] = {
    # Of reports. In names of the people's own, `{environment}`.
    "title-daily": (
        "Daily report {day}, {environment}",
        "維運日報 {day}，{environment}",
        "运维日报 {day}，{environment}",
    ),
    "title-week": (
        "{n}-day summary {first} to {last}, {environment}",
        "{n} 日觀測總結 {first} 至 {last}，{environment}",
        "{n} 日观测总结 {first} 至 {last}，{environment}",
    ),
    "title-kpi": (
        "Key figures {first} to {last}, {environment}",
        "關鍵指標 {first} 至 {last}，{environment}",
        "关键指标 {first} 至 {last}，{environment}",
    ),
    "observation-day": (
        "day {day} of {days} of the observation window",
        "觀察期第 {day} 天，共 {days} 天",
        "观察期第 {day} 天，共 {days} 天",
    ),
    # Of sections.
    "head-look": ("Needs a look", "需要關注", "需要关注"),
    "head-days": ("Day by day", "逐日狀況", "逐日状况"),
    "head-services": ("Services", "服務", "服务"),
    "head-matrix": ("Services on this day", "當日服務狀況", "当日服务状况"),
    "head-all-services": ("All {services}", "全部 {services}", "全部 {services}"),
    "head-other-services": ("The other {services}", "其餘 {services}", "其余 {services}"),
    "head-downtime": ("Downtime by day", "逐日停機時間", "逐日停机时间"),
    "head-outages": ("Outages", "中斷紀錄", "中断记录"),
    "head-objectives": ("Objectives", "目標", "目标"),
    "head-figures": ("Key figures", "關鍵指標", "关键指标"),
    "head-responses": ("Response to alerts", "告警回應", "告警响应"),
    "head-noise": ("Noisiest alerts", "最吵的告警", "最吵的告警"),
    "head-longest": ("Longest alerts", "持續最久的告警", "持续最久的告警"),
    "head-incidents": ("Incidents", "事件", "事件"),
    "head-active": ("Open at the end of the day", "當日結束時未解決", "当日结束时未解决"),
    "head-settled": (
        "Mitigated or resolved on the day",
        "當日緩解或解決",
        "当日缓解或解决",
    ),
    "head-closed": ("Closed on the day", "當日結案", "当日结案"),
    "head-overdue": ("Overdue", "逾期待辦", "逾期待办"),
    "head-changes": ("Changes", "變更", "变更"),
    "head-carried-out": ("Carried out", "已執行", "已执行"),
    "head-upcoming": ("In the next 48 hours", "未來 48 小時", "未来 48 小时"),
    "head-freezes": ("Freezes", "變更凍結", "变更冻结"),
    "head-exclusions": (
        "Excluded from availability",
        "不計入可用率的時段",
        "不计入可用率的时段",
    ),
    "head-gaps": ("Not recorded", "未記錄的時段", "未记录的时段"),
    "head-steps": ("Operations carried out", "已執行的操作", "已执行的操作"),
    "head-now": ("As of now", "目前狀況", "当前状况"),
    "head-inspection": ("Daily inspection", "每日巡檢", "每日巡检"),
    "head-made": ("How this was made", "資料來源與算法", "数据来源与算法"),
    "head-queries": ("Queries", "查詢語句", "查询语句"),
    "head-formulas": ("Formulas", "計算方式", "计算方式"),
    "head-notices": ("To be known", "注意事項", "注意事项"),
    "head-handover": ("Handover notes", "交接事項", "交接事项"),
    # Of what is known of the present alone: `Daily.now`.
    "now-silences": ("Silences", "靜音", "静默"),
    "now-certificates": ("Certificates", "憑證", "证书"),
    "now-disks": ("Disks", "磁碟", "磁盘"),
    "now-backups": ("Backups", "備份", "备份"),
    "now-drift": ("Version drift", "版本漂移", "版本漂移"),
    "now-runbooks": ("Runbooks", "操作手冊", "操作手册"),
    "now-handover": ("Handover notes", "交接事項", "交接事项"),
}
