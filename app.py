"""The app: page set-up and navigation, nothing else. Run it with `outlet-planner app`."""

import sys

import streamlit as st

from planner.pages.check import check_page
from planner.pages.session import chosen_translator

st.set_page_config(page_title="Outlet network planner", page_icon="🔋", layout="wide")
t = chosen_translator(sys.argv[1:])
page = st.Page(lambda: check_page(t), title=t("Check a network"), url_path="check", default=True)
st.navigation([page], position="hidden").run()
